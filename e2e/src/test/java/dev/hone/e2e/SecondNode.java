package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A node beside the cluster's own, with the faults that befall one; by the verbs of cluster/. */
final class SecondNode implements AutoCloseable {
  /** The cluster's own node, where it is the local one. */
  static final String FIRST = "hone-local";

  static final String NAME = "hone-local-2";

  /** For podTemplate.spec.affinity: pods go there while it is there, and elsewhere when not. */
  static final String PREFERRED =
      """
      {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100,
        "preference": {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["%s"]}]}}]}}
      """
          .formatted(NAME)
          .strip();

  private static final Duration PATIENCE = Duration.ofSeconds(150);

  private final Lab lab;

  private SecondNode(Lab lab) {
    this.lab = lab;
  }

  /**
   * Skips the test where the cluster is another one: only the local one can be given nodes. Removes
   * one that a test which was killed has left.
   */
  static void assumeThereCanBeOne(Lab lab) {
    var nodes = lab.client().nodes();
    assumeTrue(
        nodes.withName(FIRST).get() != null,
        "only CLUSTER=local can be given a second node, and there is no node " + FIRST);
    if (nodes.withName(NAME).get() != null) {
      run("remove", NAME);
    }
  }

  static SecondNode add(Lab lab) {
    SecondNode node = new SecondNode(lab);
    node.start();
    return node;
  }

  /** Starts what of it does not run. */
  void start() {
    run("add", NAME);
  }

  void killKubelet() {
    run("kill", NAME, "kubelet");
  }

  /** Its power is cut, and the cluster is told that it does not come back, as clouds do it. */
  void lose() {
    run("kill", NAME);
    lab.client().nodes().withName(NAME).delete();
    lab.client()
        .nodes()
        .withName(NAME)
        .waitUntilCondition(Objects::isNull, PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    run("remove", NAME);
  }

  private static void run(String... arguments) {
    List<String> command = new ArrayList<>(List.of("../cluster/cluster", "node"));
    command.addAll(List.of(arguments));
    try {
      Path said = Files.createTempFile("second-node", ".log");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        boolean ended = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        process.destroy();
        assertThat(ended && process.exitValue() == 0)
            .as("%s: %s", String.join(" ", command), Files.readString(said))
            .isTrue();
      } finally {
        Files.delete(said);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
