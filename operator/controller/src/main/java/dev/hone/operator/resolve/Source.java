package dev.hone.operator.resolve;

import dev.hone.api.common.RunStatus;
import dev.hone.api.common.SourceReference;
import java.util.List;

/**
 * A resource whose artifact others start from, as it is now.
 *
 * @param reference how others name it
 * @param generation generation of its spec
 * @param status its status
 * @param references the resources that it refers to itself
 */
public record Source(
    SourceReference reference,
    long generation,
    RunStatus status,
    List<SourceReference> references) {}
