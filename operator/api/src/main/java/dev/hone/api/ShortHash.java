package dev.hone.api;

import java.math.BigInteger;

/** The start of a text's SHA-256, in characters that may stand in the name of an object. */
public final class ShortHash {

  /** Five bits per character, without letters that look alike in a terminal. */
  private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

  private static final int BITS = 5;

  private ShortHash() {}

  /**
   * The hash of a text.
   *
   * @param text what is hashed, as UTF-8
   * @param length number of characters, at most 51
   */
  public static String of(String text, int length) {
    byte[] digest = Sha256.bytes(text);
    BigInteger bits = new BigInteger(1, digest).shiftRight(digest.length * 8 - length * BITS);
    StringBuilder hash = new StringBuilder(length);
    for (int i = length - 1; i >= 0; i--) {
      hash.append(ALPHABET.charAt(bits.shiftRight(BITS * i).intValue() & (1 << BITS) - 1));
    }
    return hash.toString();
  }
}
