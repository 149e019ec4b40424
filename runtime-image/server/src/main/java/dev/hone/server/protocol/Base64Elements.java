package dev.hone.server.protocol;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Files that travel in JSON as base64. */
final class Base64Elements {
  private Base64Elements() {}

  static BytesTensor decode(BytesTensor encoded) {
    List<byte[]> values = new ArrayList<>(encoded.values().size());
    for (byte[] value : encoded.values()) {
      try {
        values.add(Base64.getDecoder().decode(value));
      } catch (IllegalArgumentException e) {
        throw ProtocolException.badRequest(
            "input '%s' has content_type base64, but element %d is none"
                .formatted(encoded.name(), values.size()));
      }
    }
    return new BytesTensor(encoded.name(), encoded.shape(), values);
  }
}
