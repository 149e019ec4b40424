package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import org.jspecify.annotations.Nullable;

/** Which columns of the data mean what. */
@ApiType
@ValidationRule(
    value = "has(self.prompt) == has(self.completion)",
    message = "prompt and completion go together: write both, or text or messages instead")
@ValidationRule(
    value = "!has(self.textPair) || has(self.text)",
    message = "textPair is the second text of a pair: write text as well")
public record Columns(
    @Size(min = 1, max = 128) @JsonPropertyDescription("Column of the text (default: text).")
        @Nullable String text,
    @Size(min = 1, max = 128) @JsonPropertyDescription("Column of the second text of a pair.")
        @Nullable String textPair,
    @Size(min = 1, max = 128)
        @JsonPropertyDescription(
            "Column of the label, of the list of labels, or of the number (default: label).")
        @Nullable String label,
    @Size(min = 1, max = 128) @JsonPropertyDescription("Column of the prompt, for language models.")
        @Nullable String prompt,
    @Size(min = 1, max = 128)
        @JsonPropertyDescription("Column of the completion, for language models.")
        @Nullable String completion,
    @Size(min = 1, max = 128)
        @JsonPropertyDescription(
            "Column of the chat messages ({role, content}), for language models.")
        @Nullable String messages,
    @Size(min = 1, max = 128) @JsonPropertyDescription("Column of the image (default: image).")
        @Nullable String image,
    @Size(min = 1, max = 128)
        @JsonPropertyDescription(
            "Column of the list of tokens, for token classification (default: tokens).")
        @Nullable String tokens) {}
