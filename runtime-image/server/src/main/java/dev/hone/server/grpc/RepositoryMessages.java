package dev.hone.server.grpc;

import dev.hone.server.grpc.wire.InferBatchStatistics;
import dev.hone.server.grpc.wire.InferStatistics;
import dev.hone.server.grpc.wire.ModelStatistics;
import dev.hone.server.grpc.wire.ModelStatisticsResponse;
import dev.hone.server.grpc.wire.RepositoryIndexResponse;
import dev.hone.server.grpc.wire.StatisticDuration;
import dev.hone.server.protocol.ModelIndexEntry;
import dev.hone.server.protocol.ModelStats;
import java.util.List;
import java.util.Map;

/** The messages of the repository's and the statistics' calls. */
final class RepositoryMessages {
  private RepositoryMessages() {}

  /** What models have done. */
  static ModelStatisticsResponse statistics(List<ModelStats> models) {
    ModelStatisticsResponse.Builder response = ModelStatisticsResponse.newBuilder();
    for (ModelStats model : models) {
      ModelStatistics.Builder message =
          ModelStatistics.newBuilder()
              .setName(model.name())
              .setVersion(model.version())
              .setLastInference(model.lastInference())
              .setInferenceCount(model.inferences())
              .setExecutionCount(model.executions())
              .setInferenceStats(requests(model.requests()));
      model
          .batches()
          .forEach(
              (rows, parts) ->
                  message.addBatchStats(
                      InferBatchStatistics.newBuilder()
                          .setBatchSize(rows)
                          .setComputeInput(duration(parts, "compute_input"))
                          .setComputeInfer(duration(parts, "compute_infer"))
                          .setComputeOutput(duration(parts, "compute_output"))));
      response.addModelStats(message);
    }
    return response.build();
  }

  private static InferStatistics requests(Map<String, ModelStats.Timing> requests) {
    return InferStatistics.newBuilder()
        .setSuccess(duration(requests, "success"))
        .setFail(duration(requests, "fail"))
        .setQueue(duration(requests, "queue"))
        .setComputeInput(duration(requests, "compute_input"))
        .setComputeInfer(duration(requests, "compute_infer"))
        .setComputeOutput(duration(requests, "compute_output"))
        .setCacheHit(duration(requests, "cache_hit"))
        .setCacheMiss(duration(requests, "cache_miss"))
        .build();
  }

  private static StatisticDuration duration(Map<String, ModelStats.Timing> timings, String name) {
    ModelStats.Timing timing = timings.getOrDefault(name, new ModelStats.Timing(0, 0));
    return StatisticDuration.newBuilder().setCount(timing.count()).setNs(timing.nanos()).build();
  }

  /** What the repository holds. */
  static RepositoryIndexResponse index(List<ModelIndexEntry> models) {
    RepositoryIndexResponse.Builder response = RepositoryIndexResponse.newBuilder();
    for (ModelIndexEntry model : models) {
      response.addModels(
          RepositoryIndexResponse.ModelIndex.newBuilder()
              .setName(model.name())
              .setVersion(model.version())
              .setState(model.state())
              .setReason(model.reason()));
    }
    return response.build();
  }
}
