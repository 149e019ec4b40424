package dev.hone.contract;

import dev.hone.api.ApiType;
import org.jspecify.annotations.Nullable;

/** Where a run writes its artifact: below the user's folder, in {@code <name>-<hash>}. */
@ApiType
public record OutputConfig(String uri, @Nullable Boolean merge) {}
