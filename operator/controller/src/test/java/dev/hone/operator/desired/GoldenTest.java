package dev.hone.operator.desired;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Names;
import dev.hone.api.Reason;
import dev.hone.api.common.Artifact;
import dev.hone.api.common.RunStatus;
import dev.hone.api.common.SourceReference;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.Autoscaling;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.contract.ContractJson;
import dev.hone.contract.ReportConfig;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.compression.CompressionRuns;
import dev.hone.operator.engine.EngineNeeds;
import dev.hone.operator.engine.EngineNeedsPlanner;
import dev.hone.operator.engine.EngineRequest;
import dev.hone.operator.engine.EngineVersions;
import dev.hone.operator.finetune.FineTuneRuns;
import dev.hone.operator.inference.InferenceView;
import dev.hone.operator.resolve.Source;
import dev.hone.operator.run.RunView;
import dev.hone.operator.run.TrainerImages;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every object that the operator makes, as it is sent to the API server. */
class GoldenTest {

  private static final String DIGEST = "sha256:" + "a".repeat(64);
  private static final TrainerImages TRAINERS =
      new TrainerImages("example.org/trainer:1", Optional.of("example.org/trainer-litert:1"));

  private static final ServingImages IMAGES =
      new ServingImages("example.org/server:1", "example.org/triton:1", "IfNotPresent");

  @TestFactory
  Stream<DynamicTest> run() throws IOException {
    return GoldenFiles.tests("run", GoldenTest::run);
  }

  @TestFactory
  Stream<DynamicTest> serving() throws IOException {
    return GoldenFiles.tests("serving", GoldenTest::serving);
  }

  @TestFactory
  Stream<DynamicTest> deletion() throws IOException {
    return GoldenFiles.tests("deletion", GoldenTest::deletion);
  }

  @TestFactory
  Stream<DynamicTest> engines() throws IOException {
    return GoldenFiles.documents("engines", GoldenTest::engines);
  }

  @TestFactory
  Stream<DynamicTest> engineJob() throws IOException {
    return GoldenFiles.tests("engine-job", GoldenTest::engineJob);
  }

  private static List<? extends HasMetadata> engineJob(HasMetadata resource) {
    EngineBuild build = (EngineBuild) resource;
    return List.of(
        new EngineJob(Owner.of(build), build.getSpec(), "example.org/server:1", "IfNotPresent")
            .build());
  }

  /**
   * A deployment and the cluster's nodes; what comes out are its engines, or why there are none.
   */
  private static List<?> engines(String yaml) {
    InferenceDeployment resource = null;
    List<Node> nodes = new ArrayList<>();
    for (String document : yaml.split("(?m)^---$")) {
      switch (GoldenFiles.read(document)) {
        case InferenceDeployment deployment -> resource = deployment;
        case Node node -> nodes.add(node);
        case HasMetadata other -> throw new IllegalArgumentException(other.getKind());
      }
    }
    InferenceView view = InferenceView.of(Objects.requireNonNull(resource));
    ServedModel model =
        new ServedModel(Objects.requireNonNull(view.model().uri()), view.model().digest(), null);
    Serving serving = view.serving(model, IMAGES, null, List.of(), view.access());
    EngineNeeds needs =
        EngineNeedsPlanner.plan(
            new EngineRequest(
                model,
                view.backend(),
                Objects.requireNonNull(resource.getSpec().engine()),
                resource.getSpec().batching(),
                view.resources(),
                ServingDeployment.build(serving).getSpec().getTemplate(),
                new EngineVersions("1.29.0", "10")),
            nodes);
    return needs.blocked().isPresent()
        ? List.of(Map.of(needs.blocked().get().reason().value(), needs.blocked().get().message()))
        : List.of(needs.builds());
  }

  private static List<? extends HasMetadata> deletion(HasMetadata resource) {
    if (resource instanceof EngineBuild build) {
      return List.of(
          DeletionJob.ofEngine(
                  Owner.of(build), build.getSpec(), "example.org/server:1", "IfNotPresent")
              .build());
    }
    RunView view = view(resource);
    return List.of(
        DeletionJob.ofRuns(
                view.owner(),
                view.output(),
                List.of("0a", "1b"),
                "example.org/trainer:1",
                "IfNotPresent",
                view.resources(),
                view.podTemplate())
            .build());
  }

  private static RunView view(HasMetadata resource) {
    return switch (resource) {
      case FineTuneJob job -> FineTuneRuns.view(job);
      case CompressionJob job -> CompressionRuns.view(job, GoldenTest::teacher);
      default -> throw new IllegalArgumentException(resource.getKind());
    };
  }

  /** Whatever else a spec names is there, finished. */
  private static Optional<Source> teacher(SourceReference reference) {
    Condition ready =
        new ConditionBuilder()
            .withType(ConditionTypes.READY)
            .withStatus("True")
            .withReason(Reason.COMPLETED.value())
            .withObservedGeneration(1L)
            .build();
    RunStatus status =
        RunStatus.empty().toBuilder()
            .conditions(List.of(ready))
            .artifact(new Artifact("pvc://teachers/" + reference.name() + "-x", DIGEST, 1L, false))
            .build();
    return Optional.of(new Source(reference, 1, status, List.of()));
  }

  private static List<? extends HasMetadata> run(HasMetadata resource) {
    RunView view = view(resource);
    ResolvedModel model =
        view.model().from() == null
            ? new ResolvedModel(
                Objects.requireNonNull(view.model().uri()),
                view.model().revision(),
                view.model().digest(),
                view.model().secretRef())
            : new ResolvedModel("pvc://spam-filter/artifacts/spam-lora-x", null, DIGEST);
    String hash = view.hash(model);
    ReportConfig report =
        new ReportConfig("https://reports.example/v1", RunJob.TOKEN_FILE, RunJob.CA_FILE);
    List<HasMetadata> made = new ArrayList<>();
    made.add(
        new RunConfigMap(
                view.owner(),
                hash,
                ContractJson.write(view.config().create(model, hash, report)),
                "CERTIFICATE")
            .build());
    Job job =
        new RunJob(
                view.owner(),
                hash,
                TRAINERS.of(view).orElseThrow(),
                "IfNotPresent",
                view.inputs(model),
                view.secrets(model),
                view.output(),
                view.resources(),
                view.policy(),
                view.queue(),
                view.podTemplate())
            .build();
    made.add(job);
    if (view.nodes() > 1) {
      Job created = new JobBuilder(job).editMetadata().withUid("job-uid").endMetadata().build();
      made.add(new RunService(view.owner(), hash, created).build());
    }
    return made;
  }

  private static List<? extends HasMetadata> serving(HasMetadata resource) {
    InferenceView view = InferenceView.of((InferenceDeployment) resource);
    ServedModel model =
        view.model().from() == null
            ? new ServedModel(
                Objects.requireNonNull(view.model().uri()), view.model().digest(), null)
            : new ServedModel(
                "pvc://spam-filter/artifacts/spam-int8-x", DIGEST, view.model().from().toString());
    if (view.rollout() != null) {
      return rollout(view, model);
    }
    List<HasMetadata> made = new ArrayList<>();
    Serving serving = view.serving(model, IMAGES, null, List.of(), view.access());
    Autoscaling autoscaling = view.autoscaling();
    int atLeast = autoscaling == null ? view.replicas() : autoscaling.atLeast();
    // Once somebody else has the number of pods.
    made.add(ServingDeployment.build(autoscaling == null ? serving : serving.withReplicas(null)));
    made.add(ServingService.build(view.owner(), view.access()));
    if (ServingDisruptionBudget.isNeeded(atLeast)) {
      made.add(ServingDisruptionBudget.build(view.owner()));
    }
    if (autoscaling != null) {
      String name = Names.deployment(view.owner().name());
      made.add(ReplicaHandover.build(view.owner(), name, 3));
      made.add(ServingAutoscaler.build(view.owner(), autoscaling, name, true));
    }
    return made;
  }

  /** In the middle of a canary from the model of another digest. */
  private static List<? extends HasMetadata> rollout(InferenceView view, ServedModel candidate) {
    ServedModel stable =
        new ServedModel("pvc://spam-filter/artifacts/spam-int8-w", "sha256:00ff", null);
    RolloutStatus state =
        new RolloutStatus(
            RolloutStage.CANARY,
            stable,
            candidate,
            1,
            5,
            "2026-01-01T00:00:00Z",
            "decided",
            null,
            null,
            null,
            null,
            null);
    List<HasMetadata> made = new ArrayList<>();
    Autoscaling autoscaling = view.autoscaling();
    Map<String, String> files =
        Map.of("tls.crt", "certificate", "tls.key", "key", "ca.crt", "authority");
    PodAccess link = ServingAccess.OPEN;
    if (!view.access().isOpen()) {
      String secret = VersionSecret.name(view.owner(), "edition");
      made.add(VersionSecret.build(view.owner(), secret, files));
      link = new RouterLink(RouterSecret.host(view.owner()), secret);
    }
    for (ServedModel model : List.of(stable, candidate)) {
      String version = ModelVersion.of(model);
      Serving serving = view.serving(model, IMAGES, version, List.of(), link);
      // Of the two, the autoscaler has the number of pods of the stable one.
      made.add(
          ServingDeployment.build(
              autoscaling == null
                  ? serving
                  : serving.withReplicas(model.equals(stable) ? null : Integer.valueOf(3))));
      made.add(ServingService.ofVersion(view.owner(), version, view.access()));
    }
    if (autoscaling != null) {
      String name = ModelVersion.name(view.owner().name(), stable);
      made.add(ReplicaHandover.build(view.owner(), name, 3));
      made.add(ServingAutoscaler.build(view.owner(), autoscaling, name, false));
    }
    made.add(
        RouterConfigMap.build(
            view.owner(),
            RoutingDocument.of(view.owner(), state, Optional.empty(), 0.1, 100, view.access())));
    String secret = RouterSecret.name(view.owner(), "edition");
    made.add(RouterSecret.build(view.owner(), secret, files));
    made.add(
        RouterDeployment.build(
            view.owner(),
            "example.org/server:1",
            "IfNotPresent",
            view.podTemplate(),
            secret,
            view.access(),
            view.tracing()));
    made.add(ServingService.ofRouter(view.owner(), view.access()));
    return made;
  }
}
