package dev.hone.server.transport;

import dev.hone.server.protocol.ProtocolException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

/** Undoes a request body's Content-Encoding, up to a size. */
final class ContentDecoder {
  private static final int CHUNK = 8192;

  private final long limit;

  /** Decodes bodies of at most that many bytes, counted when they are decoded. */
  ContentDecoder(long limit) {
    this.limit = limit;
  }

  /**
   * The decoded body.
   *
   * @throws ProtocolException with status 415 for an unknown encoding, 413 for a body that would be
   *     too large, 400 for one that is broken
   */
  byte[] decode(byte[] body, String encoding) {
    try {
      return switch (encoding.toLowerCase(Locale.ROOT)) {
        case "identity" -> body;
        case "gzip" -> read(new GZIPInputStream(new ByteArrayInputStream(body), CHUNK));
        case "deflate" -> read(new InflaterInputStream(new ByteArrayInputStream(body)));
        default ->
            throw new ProtocolException(
                415,
                "the body is sent as %s: send it as gzip, deflate or uncompressed"
                    .formatted(encoding));
      };
    } catch (IOException e) {
      throw ProtocolException.badRequest(
          "the body is no %s, as its Content-Encoding says: %s"
              .formatted(encoding, e.getMessage()));
    }
  }

  private byte[] read(InputStream compressed) throws IOException {
    try (compressed) {
      ByteArrayOutputStream decoded = new ByteArrayOutputStream();
      byte[] chunk = new byte[CHUNK];
      for (int read = compressed.read(chunk); read >= 0; read = compressed.read(chunk)) {
        if (decoded.size() + (long) read > limit) {
          throw new ProtocolException(
              413,
              "the body unpacks to more than %d bytes: send fewer rows at a time, or raise HONE_MAX_UNPACKED"
                  .formatted(limit));
        }
        decoded.write(chunk, 0, read);
      }
      return decoded.toByteArray();
    }
  }
}
