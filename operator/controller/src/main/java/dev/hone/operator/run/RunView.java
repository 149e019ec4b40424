package dev.hone.operator.run;

import dev.hone.api.common.DeletionPolicy;
import dev.hone.api.common.JobResources;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.RunPolicy;
import dev.hone.api.common.SecretReference;
import dev.hone.api.common.SourceReference;
import dev.hone.contract.JobConfig;
import dev.hone.contract.ReportConfig;
import dev.hone.contract.ResolvedModel;
import dev.hone.contract.RunResult;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.Queue;
import dev.hone.operator.resolve.Resolution;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the run logic needs to know of a FineTuneJob or a CompressionJob.
 *
 * @param owner the resource
 * @param plural its kind as it stands in addresses
 * @param self how others refer to it
 * @param generation generation of its spec
 * @param model the model that it starts from
 * @param others what became of the models that it takes from other resources besides
 * @param data addresses of the data that it reads
 * @param secrets the Secrets that it reads the data with
 * @param output address that it writes below
 * @param deletionPolicy what becomes of what it writes when the resource is deleted
 * @param resources what its pods ask for
 * @param policy when it may go on
 * @param queue the queue that Kueue starts it from
 * @param podTemplate the user's template of its pods
 * @param rerun text that asks for another run
 * @param unsupported what the spec asks for that has no executor yet, as a sentence
 * @param liteRt whether its pods need the packages of LiteRT
 * @param image image of its pods; empty until the operator has said so, or if it has none for them
 * @param config makes the configuration of its pod
 * @param effective takes from a result what counts by the spec of now
 */
public record RunView(
    Owner owner,
    String plural,
    SourceReference self,
    long generation,
    ModelSource model,
    List<Resolution> others,
    List<String> data,
    List<SecretReference> secrets,
    String output,
    @Nullable DeletionPolicy deletionPolicy,
    @Nullable JobResources resources,
    @Nullable RunPolicy policy,
    @Nullable Queue queue,
    @Nullable PodTemplateSpec podTemplate,
    @Nullable String rerun,
    Optional<String> unsupported,
    boolean liteRt,
    Optional<String> image,
    ConfigFactory config,
    UnaryOperator<RunResult> effective) {

  /** Makes the configuration of a run's pod. */
  @FunctionalInterface
  public interface ConfigFactory {

    /** The configuration for a resolved model. */
    JobConfig create(ResolvedModel model, String hash, @Nullable ReportConfig report);
  }

  /**
   * The same with what the operator gives every run: an image, and a resource for GPUs where the
   * spec names none.
   */
  public RunView with(RunSettings settings) {
    return new RunView(
        owner,
        plural,
        self,
        generation,
        model,
        others,
        data,
        secrets,
        output,
        deletionPolicy,
        resources == null ? null : resources.withGpuResource(settings.gpuResource()),
        policy,
        queue,
        podTemplate,
        rerun,
        unsupported,
        liteRt,
        settings.images().of(this),
        config,
        effective);
  }

  /** Number of nodes that share a run, each with a pod. */
  public int nodes() {
    return resources == null ? 1 : resources.nodeCount();
  }

  /** Whether what the runs have written is deleted with the resource. */
  public boolean deletesArtifacts() {
    return deletionPolicy == DeletionPolicy.DELETE;
  }

  /** Every address that is read once the model is resolved. */
  public List<String> inputs(ResolvedModel resolved) {
    List<String> inputs = new ArrayList<>(data);
    inputs.add(resolved.uri());
    return inputs;
  }

  /** Every Secret that something is read with once the model is resolved. */
  public List<SecretReference> secrets(ResolvedModel resolved) {
    return Stream.concat(secrets.stream(), Stream.ofNullable(resolved.secretRef()))
        .distinct()
        .sorted(Comparator.comparing(SecretReference::name))
        .toList();
  }

  /** The hash of everything that is executed. */
  public String hash(ResolvedModel resolved) {
    return SpecHash.of(config.create(resolved, "", null), rerun);
  }
}
