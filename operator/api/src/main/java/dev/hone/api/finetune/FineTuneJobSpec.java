package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.JobResources;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.RunPolicy;
import dev.hone.api.common.Task;
import dev.hone.api.common.Training;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import org.jspecify.annotations.Nullable;

/** What to train, on what, and how. */
@ApiType
@ValidationRule(
    value = "!has(self.method.full) || !has(self.output.merge) || self.output.merge",
    message =
        "full leaves no adapter to keep alone: remove output.merge, or write another method than full")
@ValidationRule(
    value =
        "!has(self.method.prefixTuning) || !has(self.training.gradientCheckpointing)"
            + " || !self.training.gradientCheckpointing",
    message =
        "prefixTuning does not work with gradientCheckpointing: remove training.gradientCheckpointing")
@ValidationRule(
    value =
        "!(has(self.method.prefixTuning) || has(self.method.promptTuning))"
            + " || self.task.type != 'ImageClassification'",
    message =
        "prefixTuning and promptTuning put virtual tokens before a text, and images have none: choose lora, bitFit,"
            + " adapter or full")
@ValidationRule(
    value =
        "!has(self.method.qlora) || !has(self.model.from)"
            + " || self.model.from.kind != 'CompressionJob'",
    message =
        "qlora quantizes the model itself, and what a CompressionJob made is quantized or exported already: name the"
            + " model that it was made from")
@ValidationRule(
    value = "!has(self.evaluation) || has(self.dataset.evaluation)",
    message = "evaluation needs data: name it in dataset.evaluation, or remove evaluation")
@ValidationRule(
    value = "!has(self.training.classWeights) || !(self.task.type in ['Regression', 'CausalLM'])",
    message =
        "classWeights are for classifications: remove training.classWeights, or write another task.type")
@ValidationRule(
    value =
        "!has(self.training.classWeights) || !has(self.training.classWeights.weights)"
            + " || !has(self.task.labels)"
            + " || self.training.classWeights.weights.all(label, label in self.task.labels)",
    message =
        "training.classWeights.weights names a label that is not in task.labels: write the names as they stand there")
@ValidationRule(
    value = "!has(self.training.packing) || !self.training.packing || self.task.type == 'CausalLM'",
    message =
        "packing is for language models: remove training.packing, or write task.type CausalLM")
@ValidationRule(
    value =
        "!has(self.training.packing) || !self.training.packing"
            + " || !(has(self.method.prefixTuning) || has(self.method.promptTuning))",
    message =
        "virtual tokens stand before a block, not before each example in it: remove training.packing, or choose a"
            + " method other than prefixTuning and promptTuning")
@ValidationRule(
    value =
        "self.task.type != 'CausalLM' || (has(self.dataset.columns)"
            + " && [has(self.dataset.columns.text), has(self.dataset.columns.prompt),"
            + " has(self.dataset.columns.messages)].filter(x, x).size() == 1)",
    message =
        "CausalLM needs exactly one kind of data in dataset.columns: text, prompt and completion, or messages; write for"
            + " example columns: {prompt: question, completion: answer}")
@ValidationRule(
    value =
        "self.task.type == 'CausalLM' || !has(self.dataset.columns)"
            + " || !(has(self.dataset.columns.prompt) || has(self.dataset.columns.messages))",
    message =
        "prompt, completion and messages are for language models: remove them from dataset.columns, or write task.type"
            + " CausalLM")
@ValidationRule(
    value =
        "self.task.type == 'ImageClassification' || ((!has(self.dataset.columns)"
            + " || !has(self.dataset.columns.image)) && (!has(self.dataset.train.format)"
            + " || self.dataset.train.format != 'ImageFolder'))",
    message =
        "columns.image and format ImageFolder are for images: remove them, or write task.type ImageClassification")
@ValidationRule(
    value = "self.task.type != 'ImageClassification' || !has(self.task.maxLength)",
    message = "maxLength counts tokens and images have none: remove task.maxLength")
@ValidationRule(
    value =
        "!has(self.training.strategy) || self.training.strategy != 'FSDP2' || (has(self.resources)"
            + " && ((has(self.resources.nodes) && self.resources.nodes > 1)"
            + " || (has(self.resources.gpus) && self.resources.gpus > 1)))",
    message =
        "the strategy FSDP2 shares a model out among processes: write resources.nodes or resources.gpus above 1, or"
            + " remove training.strategy")
@ValidationRule(
    value =
        "!has(self.training.strategy) || self.training.strategy != 'FSDP2' || !has(self.method.qlora)",
    message =
        "the strategy FSDP2 cannot share out weights of 4 bits: write strategy: DDP, or lora instead of qlora")
public record FineTuneJobSpec(
    @Required @JsonPropertyDescription("The model to start from.") ModelSource model,
    @Required @JsonPropertyDescription("The data to train and measure on.") FineTuneDataset dataset,
    @Required @JsonPropertyDescription("What the model is for.") Task task,
    @Required @JsonPropertyDescription("How to fine-tune: exactly one member.") Method method,
    @JsonPropertyDescription("Automatic mixed precision.") @Nullable Precision precision,
    @Required @JsonPropertyDescription("How weights are trained.") Training training,
    @JsonPropertyDescription("How the training saves itself.") @Nullable Checkpoint checkpoint,
    @JsonPropertyDescription("Evaluation while the training goes on.")
        @Nullable Evaluation evaluation,
    @JsonPropertyDescription("Where the training is told of, beside the status.")
        @Nullable Tracking tracking,
    @JsonPropertyDescription("What each pod asks for.") @Nullable JobResources resources,
    @Required @JsonPropertyDescription("Where the artifact is written.") FineTuneOutput output,
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
        @Nullable PodTemplateSpec podTemplate) {}
