package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is on the volume after a resource is deleted. */
@ExtendWith(Lab.Provider.class)
class DeletionIT {
  private static final Duration RUN = Duration.ofSeconds(180);

  private Lab lab;

  @BeforeEach
  void lab(Lab lab) {
    this.lab = lab;
  }

  @Test
  void aCompletedRunTakesItsArtifactAlongAndLeavesThoseOfOthers() {
    Resource kept = lab.apply("finetune.yaml", m -> m.name("kept"));
    Resource dropped =
        lab.apply("finetune.yaml", m -> m.name("kept-not").spec("output.deletionPolicy", "Delete"));
    String keptFolder = folder(kept.awaitReady("Completed", RUN));
    String droppedFolder = folder(dropped.awaitReady("Completed", RUN));
    assertThat(lab.list("artifacts")).contains(keptFolder, droppedFolder);
    dropped.delete();
    kept.delete();
    assertThat(lab.list("artifacts")).contains(keptFolder).doesNotContain(droppedFolder);
    assertThat(lab.list("artifacts/" + keptFolder)).contains("manifest.json", "model");
    Leftovers.awaitNone(lab);
  }

  @Test
  void aRunThatIsDeletedInItsMiddleTakesItsCheckpointsAlong() {
    Resource run =
        lab.apply(
            "finetune.yaml",
            m ->
                m.name("half")
                    .spec("dataset.train.uri", "pvc://e2e/data/long-train.jsonl")
                    .spec("training.epochs", "50")
                    .spec("checkpoint.everySteps", "5")
                    .spec("output.deletionPolicy", "Delete"));
    Resource.Status training =
        run.await(
            "it trains",
            s -> "Training".equals(s.resource().get("status", "progress", "phase")),
            RUN);
    String folder = training.value("job", "name");
    run.delete();
    assertThat(lab.list("artifacts")).doesNotContain(folder);
    assertThat(lab.list("artifacts/.checkpoints")).doesNotContain(folder);
    Leftovers.awaitNone(lab);
  }

  private static String folder(Resource.Status status) {
    String uri = status.value("artifact", "uri");
    return uri.substring(uri.lastIndexOf('/') + 1);
  }
}
