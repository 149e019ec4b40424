package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.ServingResources;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.model.annotation.SpecReplicas;
import org.jspecify.annotations.Nullable;

/** What to serve, and how. */
@ApiType
@ValidationRule(
    value = "!(has(self.replicas) && has(self.autoscaling))",
    message =
        "write replicas or autoscaling, not both: autoscaling decides the number of pods by itself")
@ValidationRule(
    value =
        "!has(self.engine) || !has(self.engine.requireAccelerator) ||"
            + " !self.engine.requireAccelerator || (has(self.resources) && has(self.resources.gpus)"
            + " && self.resources.gpus >= 1)",
    message = "engine.requireAccelerator needs a GPU: write resources.gpus: 1 or more")
@ValidationRule(
    value =
        "!has(self.rollout) || !has(self.rollout.surge) || self.rollout.surge != 'Never'"
            + " || (has(self.replicas) && self.replicas >= 2)",
    message =
        "surge: Never takes a pod from the version that serves: write replicas: 2 or more, or"
            + " surge: Auto")
@ValidationRule(
    value =
        "!has(self.backend) || self.backend != 'Triton' || !has(self.engine)"
            + " || !has(self.engine.precision) || self.engine.precision != 'BF16'",
    message =
        "TensorRT in Triton computes in FP32, FP16 or INT8: write one of them in engine.precision,"
            + " or backend: Server")
@ValidationRule(
    value =
        "!has(self.backend) || self.backend != 'Triton' || !has(self.resources)"
            + " || !has(self.resources.gpuResource)"
            + " || self.resources.gpuResource.startsWith('nvidia.com/')",
    message =
        "Triton computes on NVIDIA's GPUs: write a resources.gpuResource that starts with"
            + " nvidia.com/, or backend: Server")
@ValidationRule(
    value =
        "!has(self.backend) || self.backend != 'Triton' || !(has(self.tls) || has(self.apiKey))",
    message =
        "Triton's ports speak plain HTTP and know no key: remove tls and apiKey, or write backend:"
            + " Server")
@ValidationRule(
    value =
        "!has(self.backend) || self.backend != 'Triton' || !has(self.tracing)"
            + " || (has(self.tracing.protocol) && self.tracing.protocol == 'HTTPProtobuf')",
    message =
        "Triton sends traces over HTTP alone: write tracing.protocol: HTTPProtobuf and the"
            + " collector's port for it (4318)")
public record InferenceDeploymentSpec(
    @Required @JsonPropertyDescription("The model to serve.") ModelSource model,
    @JsonPropertyDescription(
            "What serves it: Server (Hone's own, the default) or Triton (NVIDIA Triton Inference Server, which takes the"
                + " model's tensors and no text).")
        @Nullable Backend backend,
    @JsonPropertyDescription("How the model is executed.") @Nullable Engine engine,
    @JsonPropertyDescription("How requests are put together.") @Nullable Batching batching,
    @SpecReplicas @Min(0) @Max(1000) @JsonPropertyDescription("Number of pods (default: 1).")
        @Nullable Integer replicas,
    @JsonPropertyDescription("How the number of pods follows the load, instead of replicas.")
        @Nullable Autoscaling autoscaling,
    @JsonPropertyDescription("How a new version takes over (default: pod by pod).")
        @Nullable Rollout rollout,
    @JsonPropertyDescription(
            "Has the server, or with rollout its routers, speak TLS alone, for REST and gRPC"
                + " (default: plain HTTP).")
        @Nullable Tls tls,
    @JsonPropertyDescription(
            "Has the server, or with rollout its routers, answer only requests with an API key,"
                + " those about its health aside (default: all requests).")
        @Nullable ApiKey apiKey,
    @JsonPropertyDescription(
            "Has the server, and the routers of a rollout, tell a collector of OpenTelemetry's what"
                + " requests go through (default: nobody).")
        @Nullable Tracing tracing,
    @JsonPropertyDescription("What each pod asks for.") @Nullable ServingResources resources,
    @JsonPropertyDescription(
            "What the pods are made from: Hone fills in what is missing here and sets what it must."
                + " Its container is named server.")
        @Nullable PodTemplateSpec podTemplate) {}
