package dev.hone.server.protocol;

import java.nio.ByteBuffer;

/** The bytes behind a request's JSON object, which its inputs take in their order. */
final class BinaryTail {
  private final ByteBuffer rest;

  BinaryTail(ByteBuffer bytes) {
    this.rest = bytes;
  }

  ByteBuffer take(String input, int size) {
    if (size > rest.remaining()) {
      throw ProtocolException.badRequest(
          "input '%s' says that it has %d bytes of binary data, but only %d are left in the body"
              .formatted(input, size, rest.remaining()));
    }
    ByteBuffer taken = rest.slice(rest.position(), size);
    rest.position(rest.position() + size);
    return taken;
  }

  void requireEmpty() {
    if (rest.hasRemaining()) {
      throw ProtocolException.badRequest(
          "the body has %d bytes more than its JSON object and its inputs' binary_data_size say"
              .formatted(rest.remaining()));
    }
  }
}
