package dev.hone.operator.it;

import dev.hone.testing.apiserver.Repository;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The rights that the chart gives the operator, as Helm renders them. */
public final class ChartRoles {

  private ChartRoles() {}

  /** The roles and bindings of an operator that works everywhere. */
  public static List<HasMetadata> render(String namespace) {
    return render(namespace, "--show-only", "templates/rbac-nodes.yaml");
  }

  /** The same where Kueue is in use. */
  public static List<HasMetadata> renderWithKueue(String namespace) {
    return render(
        namespace, "--show-only", "templates/rbac-nodes.yaml", "--set", "kueue.enabled=true");
  }

  /** The roles and bindings of an operator that works in some namespaces: no ClusterRole. */
  public static List<HasMetadata> renderNarrowed(String namespace, String... watched) {
    return render(namespace, "--set", "watchNamespaces={" + String.join(",", watched) + "}");
  }

  private static List<HasMetadata> render(String namespace, String... others) {
    List<String> command =
        new ArrayList<>(
            List.of(
                run(
                            Repository.root().resolve("cluster/bin/kube-tools").toString(),
                            "--only",
                            "helm")
                        .strip()
                    + "/helm",
                "template",
                "hone",
                chart().toString(),
                "--namespace",
                namespace,
                "--show-only",
                "templates/rbac-work.yaml",
                "--show-only",
                "templates/rbac-own-namespace.yaml"));
    command.addAll(List.of(others));
    String manifests = run(command.toArray(String[]::new));
    return Stream.of(manifests.split("(?m)^---$"))
        .filter(document -> document.contains("kind:"))
        .map(
            document ->
                (HasMetadata)
                    Serialization.unmarshal(
                        new ByteArrayInputStream(document.getBytes(StandardCharsets.UTF_8))))
        .filter(Objects::nonNull)
        .toList();
  }

  private static Path chart() {
    return Repository.root().resolve("helm/hone");
  }

  private static String run(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", command) + " failed");
      }
      return output;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
