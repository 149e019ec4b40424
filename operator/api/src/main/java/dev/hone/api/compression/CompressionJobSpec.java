package dev.hone.api.compression;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.JobResources;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.Output;
import dev.hone.api.common.RunPolicy;
import dev.hone.api.common.Task;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What to compress, how, and what the result must keep. */
@ApiType
@ValidationRule(
    value = "has(self.steps) != has(self.search)",
    message =
        "write exactly one of steps (a recipe of your own) and search (Hone looks for the recipe)")
@ValidationRule(
    value = "!has(self.steps) || self.steps.filter(s, has(s.quantize)).size() <= 1",
    message = "write at most one quantize step: a quantized model cannot be quantized again")
@ValidationRule(
    value =
        "!has(self.steps) || !self.steps.exists(s, has(s.quantize))"
            + " || self.steps.map(s, has(s.distill) || has(s.prune) || has(s.factorize) || has(s.shareWeights))"
            + ".lastIndexOf(true) < self.steps.map(s, has(s.quantize)).indexOf(true)",
    message =
        "only fuse may follow quantize: write distill, prune, factorize and shareWeights before it")
@ValidationRule(
    value =
        "!has(self.steps) || !self.steps.exists(s, has(s.quantize)"
            + " && s.quantize.scheme in ['INT8Static', 'INT8QAT']) || has(self.dataset.calibration)",
    message =
        "INT8Static and INT8QAT take ranges of activations from data: write dataset.calibration")
@ValidationRule(
    value =
        "!has(self.steps) || has(self.dataset.calibration) || !self.steps.exists(s, has(s.quantize)"
            + " && (has(s.quantize.smoothQuantAlpha) || has(s.quantize.sensitivity)))",
    message =
        "smoothQuantAlpha and sensitivity look at what layers compute on data: write dataset.calibration")
@ValidationRule(
    value =
        "!has(self.steps) || has(self.dataset.train) || !self.steps.exists(s, has(s.distill)"
            + " || (has(s.prune) && (has(s.prune.training)"
            + " || (has(s.prune.importance) && s.prune.importance == 'Taylor'))) || (has(s.quantize) && has(s.quantize.training)))",
    message = "a step trains, or looks at gradients: write dataset.train")
@ValidationRule(
    value =
        "!has(self.export.tensorRT) || !has(self.steps) || self.steps.all(s, !has(s.quantize)"
            + " || s.quantize.scheme in ['FP16', 'BF16'] || (s.quantize.scheme in ['INT8Static', 'INT8QAT']"
            + " && has(s.quantize.target) && s.quantize.target == 'TensorRT'))",
    message =
        "TensorRT takes FP16, BF16 or symmetric INT8: write quantize with scheme INT8Static and target: TensorRT")
@ValidationRule(
    value =
        "!has(self.export.tensorRT) || !has(self.export.tensorRT.precision)"
            + " || self.export.tensorRT.precision != 'INT8'"
            + " || (has(self.steps) && self.steps.exists(s, has(s.quantize) && s.quantize.scheme.startsWith('INT8')))",
    message =
        "export.tensorRT.precision INT8 takes ranges from a step: write quantize with scheme INT8Static and"
            + " target: TensorRT")
@ValidationRule(
    value =
        "!has(self.export.tfLite) || !has(self.steps) || self.steps.all(s, !has(s.quantize)"
            + " || s.quantize.scheme == 'INT8Dynamic' || (s.quantize.scheme == 'INT8Static'"
            + " && (!has(self.task) || self.task.type == 'ImageClassification')))",
    message =
        "LiteRT takes INT8Dynamic, and INT8Static of images: write quantize with scheme INT8Dynamic, or write"
            + " export.onnx")
@ValidationRule(
    value =
        "!has(self.export.tfLite) || !has(self.steps) || !self.steps.exists(s, has(s.quantize)"
            + " && (has(s.quantize.smoothQuantAlpha) || has(s.quantize.sensitivity) || has(s.quantize.excludeLayers)"
            + " || (has(s.quantize.target) && s.quantize.target == 'TensorRT')))",
    message =
        "LiteRT's quantizer has no smoothQuantAlpha, sensitivity, excludeLayers or target TensorRT: leave them out, or"
            + " write export.onnx")
@ValidationRule(
    value =
        "!has(self.export.tfLite) || !has(self.steps) || !self.steps.exists(s, has(s.shareWeights))",
    message =
        "LiteRT's converter writes shared weights out: leave shareWeights out, or write export.onnx")
@ValidationRule(
    value = "!has(self.search) || has(self.dataset.evaluation)",
    message = "search compares recipes by what they lose: write dataset.evaluation")
@ValidationRule(
    value = "!has(self.search) || !has(self.export.tensorRT)",
    message =
        "search measures speed on the processor, which tells nothing of TensorRT: write export.onnx, and give the"
            + " recipe that it finds to another CompressionJob as steps")
@ValidationRule(
    value =
        "!has(self.search) || !has(self.search.gpuHours)"
            + " || (has(self.resources) && has(self.resources.gpus) && self.resources.gpus >= 1)",
    message =
        "search.gpuHours counts the hours of GPUs: write resources.gpus, or search.timeoutSeconds")
@ValidationRule(
    value = "!has(self.gate) || !has(self.gate.maxAccuracyDrop) || has(self.dataset.evaluation)",
    message = "gate.maxAccuracyDrop is measured on data: write dataset.evaluation")
@ValidationRule(
    value = "!has(self.gate) || !has(self.gate.metric) || has(self.dataset.evaluation)",
    message = "gate.metric is measured on data: write dataset.evaluation")
@ValidationRule(
    value = "!has(self.gate) || !has(self.gate.minAgreement) || has(self.dataset.evaluation)",
    message = "gate.minAgreement is measured on data: write dataset.evaluation")
@ValidationRule(
    value =
        "!has(self.gate) || !has(self.gate.minAgreement) || !has(self.task) || self.task.type != 'Regression'",
    message =
        "the answers of a Regression are numbers and never quite the same: write gate.metric instead of"
            + " gate.minAgreement")
@ValidationRule(
    value =
        "!has(self.gate) || !has(self.gate.maxAccuracyDrop) || !has(self.task)"
            + " || !(self.task.type in ['Regression', 'CausalLM'])",
    message =
        "Regression and CausalLM have no accuracy: write gate.metric instead of gate.maxAccuracyDrop,"
            + " for example metric: {name: r2, maxDrop: 0.01}")
public record CompressionJobSpec(
    @Required @JsonPropertyDescription("The model to compress.") ModelSource model,
    @Required @JsonPropertyDescription("The data to train, calibrate and measure on.")
        CompressionDataset dataset,
    @JsonPropertyDescription("What the model is for (default: as its artifact says).")
        @Nullable Task task,
    @Size(min = 1, max = 10)
        @JsonPropertyDescription("Techniques, in the order in which they are applied.")
        List<Step> steps,
    @JsonPropertyDescription("Looks for the steps by itself, instead of steps.")
        @Nullable Search search,
    @Required @JsonPropertyDescription("What the model is written as: exactly one member.")
        Export export,
    @JsonPropertyDescription(
            "What the result must keep and gain (default: any result is accepted).")
        @Nullable Gate gate,
    @JsonPropertyDescription("What each pod asks for.") @Nullable JobResources resources,
    @Required @JsonPropertyDescription("Where the artifact is written.") Output output,
    @JsonPropertyDescription("When the run may go on; may change at any time.")
        @Nullable RunPolicy runPolicy,
    @Size(max = 64)
        @JsonPropertyDescription(
            "Any other text than before asks for another run of the same spec; resources and podTemplate may change"
                + " with it.")
        @Nullable String rerun,
    @JsonPropertyDescription(
            "What the pods are made from: Hone fills in what is missing here and sets what it must. Its container is"
                + " named trainer.")
        @Nullable PodTemplateSpec podTemplate) {

  public CompressionJobSpec {
    steps = steps == null ? List.of() : List.copyOf(steps);
  }

  /** The models that are taken: the one that is compressed, and those that teach it. */
  public List<ModelSource> models() {
    Stream<ModelSource> teachers =
        steps.stream()
            .map(Step::distill)
            .filter(Objects::nonNull)
            .map(Distill::teacher)
            .filter(Objects::nonNull);
    return Stream.concat(Stream.of(model), teachers).toList();
  }
}
