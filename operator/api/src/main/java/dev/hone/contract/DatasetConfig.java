package dev.hone.contract;

import dev.hone.api.ApiType;
import dev.hone.api.common.Columns;
import dev.hone.api.common.DataSource;
import org.jspecify.annotations.Nullable;

/** The data of a run, whatever its kind. */
@ApiType
public record DatasetConfig(
    @Nullable DataSource train,
    @Nullable DataSource evaluation,
    @Nullable DataSource calibration,
    @Nullable Columns columns,
    @Nullable Integer maxRows) {}
