package dev.hone.server.image;

/** A file that is no image that this server reads: one clause that says why. */
final class BadImageException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Continues a sentence that begins with the image, such as "is cut off". */
  BadImageException(String clause) {
    super(clause);
  }

  /** Continues a sentence that begins with the image. */
  BadImageException(String clause, Throwable cause) {
    super(clause, cause);
  }

  /** What is wrong. */
  String clause() {
    return String.valueOf(getMessage());
  }
}
