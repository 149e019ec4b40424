package dev.hone.server.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;

/** The models that make_models.py has made, and what they answer. */
public final class Models {
  /** The repository with all of them. */
  public static final Path REPOSITORY = Path.of("src/test/resources/models").toAbsolutePath();

  private static final ObjectMapper JSON = new ObjectMapper();

  private Models() {}

  /**
   * The spam logit of a text in the spam model: wK weighs (K - 30) / 10, the first 22 words count.
   */
  public static float spamLogit(String text) {
    float sum = 0;
    int counted = 0;
    for (String word : text.split(" ")) {
      if (counted++ < 22 && word.matches("w([0-9]|[1-5][0-9]|60)")) {
        sum += (Integer.parseInt(word.substring(1)) - 30) / 10f;
      }
    }
    return sum;
  }

  /** Copies the spam artifact to {@code repository/spam/1}. */
  public static Path copySpam(Path repository) throws IOException {
    Path source = REPOSITORY.resolve("spam/1");
    Path target = Files.createDirectories(repository.resolve("spam/1"));
    try (var files = Files.list(source)) {
      for (Path file : files.toList()) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
    return target;
  }

  /** Changes an artifact's manifest. */
  public static void editManifest(Path artifact, Consumer<ObjectNode> change) throws IOException {
    Path file = artifact.resolve("manifest.json");
    ObjectNode manifest = (ObjectNode) JSON.readTree(file.toFile());
    change.accept(manifest);
    Files.writeString(file, JSON.writeValueAsString(manifest));
  }

  /** Adds a file to an artifact and to its manifest. */
  public static void addFile(Path artifact, String name, String content) throws IOException {
    Files.writeString(artifact.resolve(name), content);
    listFile(artifact, name);
  }

  /** Adds a file that is there to an artifact's manifest. */
  public static void listFile(Path artifact, String name) throws IOException {
    long size = Files.size(artifact.resolve(name));
    String sha256 = sha256(artifact.resolve(name));
    editManifest(
        artifact,
        manifest ->
            ((ArrayNode) manifest.get("files"))
                .addObject()
                .put("path", name)
                .put("sizeBytes", size)
                .put("sha256", sha256));
  }

  /** An artifact's digest. */
  public static String digest(Path artifact) throws IOException {
    return "sha256:" + sha256(artifact.resolve("manifest.json"));
  }

  /** A file's SHA-256. */
  public static String sha256(Path file) throws IOException {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
