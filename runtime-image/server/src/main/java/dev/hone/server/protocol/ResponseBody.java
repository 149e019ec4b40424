package dev.hone.server.protocol;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A response as HTTP carries it.
 *
 * @param json the document
 * @param binary the outputs that follow it as binary data, in its order; empty if there are none
 */
public record ResponseBody(byte[] json, List<ByteBuffer> binary) {
  /** Copies the list. */
  public ResponseBody {
    binary = List.copyOf(binary);
  }

  /** The whole in bytes. */
  public long size() {
    return json.length + binary.stream().mapToLong(ByteBuffer::remaining).sum();
  }
}
