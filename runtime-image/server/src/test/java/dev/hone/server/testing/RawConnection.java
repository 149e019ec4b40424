package dev.hone.server.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One HTTP/1.1 connection that stays open as long as the server lets it. */
public final class RawConnection implements AutoCloseable {
  private static final Pattern LENGTH = Pattern.compile("\r\ncontent-length: (\\d+)\r\n");
  private static final int PATIENCE_MILLIS = 60_000;

  private final Socket socket;

  /** Connects to the server at that address. */
  public RawConnection(URI server) throws IOException {
    socket = new Socket(server.getHost(), server.getPort());
    socket.setSoTimeout(PATIENCE_MILLIS);
  }

  /** GETs a path with those header lines; the whole answer, header names in lower case. */
  public String get(String path, String... lines) throws IOException {
    StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    for (String line : lines) {
      request.append(line).append("\r\n");
    }
    socket
        .getOutputStream()
        .write(request.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    InputStream answer = socket.getInputStream();
    while (!header.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
      int next = answer.read();
      if (next < 0) {
        throw new IOException("closed after: " + header.toString(StandardCharsets.US_ASCII));
      }
      header.write(next);
    }
    String lower = header.toString(StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
    Matcher length = LENGTH.matcher(lower);
    int body = length.find() ? Integer.parseInt(length.group(1)) : 0;
    return lower + new String(answer.readNBytes(body), StandardCharsets.UTF_8);
  }

  /** Waits until the server closes the connection; fails after a minute, or if it says more. */
  public void awaitClose() throws IOException {
    int next;
    try {
      next = socket.getInputStream().read();
    } catch (SocketException reset) {
      return;
    }
    if (next >= 0) {
      throw new AssertionError("the server went on with byte " + next);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
