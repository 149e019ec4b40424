package dev.hone.server.transport;

import dev.hone.server.config.ServerConfig;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.RequestParser;
import dev.hone.server.serving.ServedModel;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** Reads an HTTP body as an inference request: JSON, JSON and binary data, or raw binary data. */
final class RequestBody {
  /** How many bytes of the body are JSON; in requests and in answers. */
  static final String JSON_LENGTH = "Inference-Header-Content-Length";

  private final RequestParser parser;
  private final ContentDecoder decoder;

  /** Reads bodies within those limits. */
  RequestBody(ServerConfig config) {
    this.parser = new RequestParser(config.maxJsonDepth());
    this.decoder =
        new ContentDecoder(config.maxUnpacked().orElseGet(config::maxBody).asLongValue());
  }

  /** Whether the body has to be decompressed first. */
  static boolean compressed(MultiMap headers) {
    return headers.contains("Content-Encoding");
  }

  /**
   * Reads a request to that model.
   *
   * @throws ProtocolException with status 400, 413 or 415 and what is wrong with it
   */
  InferenceRequest read(MultiMap headers, @Nullable Buffer body, ServedModel model) {
    byte[] bytes = body == null ? new byte[0] : body.getBytes();
    String encoding = headers.get("Content-Encoding");
    if (encoding != null) {
      bytes = decoder.decode(bytes, encoding);
    }
    String jsonLength = headers.get(JSON_LENGTH);
    if (jsonLength == null) {
      return parser.parse(bytes);
    }
    int length = length(jsonLength, bytes.length);
    return length == 0 ? model.rawRequest(bytes) : parser.parse(bytes, length);
  }

  private static int length(String header, int most) {
    try {
      int length = Integer.parseInt(header.trim());
      if (length >= 0 && length <= most) {
        return length;
      }
    } catch (NumberFormatException e) {
      // Answered below, like a length that is out of range.
    }
    throw ProtocolException.badRequest(
        "%s is '%s', but the body has %d bytes: write how many of them are JSON"
            .formatted(JSON_LENGTH, header, most));
  }
}
