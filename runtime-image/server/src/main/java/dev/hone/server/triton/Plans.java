package dev.hone.server.triton;

import dev.hone.server.repository.RepositoryException;
import dev.hone.server.repository.RepositoryException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** TensorRT's plans of a model, one for each compute capability: {@code 8.9.plan}. */
public final class Plans {
  private static final String SUFFIX = ".plan";
  private static final Pattern NAME = Pattern.compile("([0-9]{1,2}\\.[0-9])\\.plan");

  private Plans() {}

  /**
   * The plans in a folder by compute capability.
   *
   * @throws RepositoryException if there is none, or one that does not say what it is for
   */
  public static SortedMap<String, Path> in(Path folder) throws RepositoryException {
    SortedMap<String, Path> plans = new TreeMap<>();
    for (Path file : files(folder)) {
      Matcher name = NAME.matcher(file.getFileName().toString());
      if (!name.matches()) {
        throw invalid(
            "plan %s does not say which GPUs it is for: name it by their compute capability, such as 8.9.plan"
                .formatted(file));
      }
      plans.put(name.group(1), file);
    }
    if (plans.isEmpty()) {
      throw invalid(
          "the folder %s holds no plan: put one there for each compute capability, such as 8.9.plan"
              .formatted(folder));
    }
    return plans;
  }

  private static List<Path> files(Path folder) throws RepositoryException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
    } catch (IOException e) {
      throw new RepositoryException(
          Reason.CONFIG_INVALID,
          "the folder of plans %s cannot be read: %s".formatted(folder, e),
          e);
    }
  }

  private static RepositoryException invalid(String sentence) {
    return new RepositoryException(Reason.CONFIG_INVALID, sentence);
  }
}
