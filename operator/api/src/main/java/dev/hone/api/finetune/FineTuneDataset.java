package dev.hone.api.finetune;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.Columns;
import dev.hone.api.common.DataSource;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/** The data that a model is trained and measured on. */
@ApiType
public record FineTuneDataset(
    @Required @JsonPropertyDescription("Data that the weights are trained on.") DataSource train,
    @JsonPropertyDescription(
            "Data that the accuracy is measured on; without it nothing is measured.")
        @Nullable DataSource evaluation,
    @JsonPropertyDescription("Which columns mean what.") @Nullable Columns columns,
    @Min(1)
        @Max(1_000_000_000)
        @JsonPropertyDescription("Most rows taken of each part (default: all).")
        @Nullable Integer maxRows) {}
