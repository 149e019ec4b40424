package dev.hone.operator.desired;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An address in a PersistentVolumeClaim: {@code pvc://CLAIM/PATH}.
 *
 * @param claim name of the claim
 * @param path path below the volume's root, without slashes at its ends; may be empty
 */
public record PvcUri(String claim, String path) {

  private static final Pattern PATTERN =
      Pattern.compile("^pvc://([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)(?:/(.*))?$");

  /** The parts of a pvc:// address; empty for any other. */
  public static Optional<PvcUri> parse(String uri) {
    var matcher = PATTERN.matcher(uri);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String path = matcher.group(2) == null ? "" : matcher.group(2);
    return Optional.of(new PvcUri(matcher.group(1), strip(path)));
  }

  private static String strip(String path) {
    int start = 0;
    int end = path.length();
    while (start < end && path.charAt(start) == '/') {
      start++;
    }
    while (end > start && path.charAt(end - 1) == '/') {
      end--;
    }
    return path.substring(start, end);
  }
}
