package dev.hone.server.triton;

import com.google.protobuf.TextFormat;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.triton.wire.DataType;
import dev.hone.server.triton.wire.ModelConfig;
import dev.hone.server.triton.wire.ModelDynamicBatching;
import dev.hone.server.triton.wire.ModelInput;
import dev.hone.server.triton.wire.ModelInstanceGroup;
import dev.hone.server.triton.wire.ModelOptimizationPolicy;
import dev.hone.server.triton.wire.ModelOptimizationPolicy.ExecutionAccelerators;
import dev.hone.server.triton.wire.ModelOptimizationPolicy.ExecutionAccelerators.Accelerator;
import dev.hone.server.triton.wire.ModelOutput;
import dev.hone.server.triton.wire.ModelParameter;
import dev.hone.server.triton.wire.ModelQueuePolicy;
import dev.hone.server.triton.wire.ModelTensorReshape;
import dev.hone.server.triton.wire.ModelWarmup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** Writes a model's configuration for Triton. Pure: the same input always gives the same text. */
public final class ModelConfigs {
  /** The file of a model's configuration, in its folder. */
  public static final String FILE = "config.pbtxt";

  /** The file with the names of a model's classes, one a line, in its folder. */
  public static final String LABELS = "labels.txt";

  /** The parameter with the digest of the artifact, which Triton's metadata has no room for. */
  public static final String DIGEST = "digest";

  private static final String ONNX = "onnxruntime_onnx";
  private static final String PLAN = "tensorrt_plan";

  /** What Triton takes for the model's file without a word. */
  private static final String DEFAULT_FILE = "model.onnx";

  private static final long MICROSECONDS = 1000;

  private ModelConfigs() {}

  /** The configuration as text. */
  public static String text(TritonModel model, TritonSettings settings) {
    return TextFormat.printer().printToString(of(model, settings));
  }

  /** The configuration. */
  static ModelConfig of(TritonModel model, TritonSettings settings) {
    boolean batchable = model.signature().batchable();
    ExpectedShapes shapes = ExpectedShapes.of(model, settings);
    ModelConfig.Builder config =
        ModelConfig.newBuilder()
            .setName(model.name())
            .setMaxBatchSize(batchable ? settings.maxBatch() : 0)
            .addInstanceGroup(
                ModelInstanceGroup.newBuilder().setCount(1).setKind(kind(settings.instances())));
    model.signature().inputs().forEach(input -> config.addInput(input(input, batchable)));
    model
        .signature()
        .outputs()
        .forEach(output -> config.addOutput(output(output, batchable, model.labels())));
    if (batchable) {
      config.setDynamicBatching(batching(shapes, settings));
    }
    if (model.plans().isEmpty()) {
      config.setPlatform(ONNX);
      if (!model.file().equals(DEFAULT_FILE)) {
        config.setDefaultModelFilename(model.file());
      }
      onnxRuntime(config, model, settings, shapes);
    } else {
      config.setPlatform(PLAN).putAllCcModelFilenames(model.plans());
    }
    model.digest().ifPresent(digest -> config.putParameters(DIGEST, parameter(digest)));
    warmUps(model, shapes).forEach(config::addModelWarmup);
    return config.build();
  }

  /** Whether an output is a class of its own for each label. */
  static boolean isClassification(TensorMetadata output, boolean batchable, int labels) {
    long[] dims = rows(output.shape(), batchable);
    return labels > 0
        && output.datatype().kind() == Datatype.Kind.FLOAT
        && dims.length == 1
        && dims[0] == labels;
  }

  private static ModelInstanceGroup.Kind kind(Instances instances) {
    return switch (instances) {
      case AUTO -> ModelInstanceGroup.Kind.KIND_AUTO;
      case GPU -> ModelInstanceGroup.Kind.KIND_GPU;
      case CPU -> ModelInstanceGroup.Kind.KIND_CPU;
    };
  }

  private static ModelInput input(TensorMetadata input, boolean batchable) {
    ModelInput.Builder made =
        ModelInput.newBuilder().setName(input.name()).setDataType(type(input.datatype()));
    long[] dims = rows(input.shape(), batchable);
    if (dims.length == 0) {
      return made.addDims(1).setReshape(ModelTensorReshape.getDefaultInstance()).build();
    }
    return made.addAllDims(boxed(dims)).build();
  }

  private static ModelOutput output(TensorMetadata output, boolean batchable, List<String> labels) {
    ModelOutput.Builder made =
        ModelOutput.newBuilder().setName(output.name()).setDataType(type(output.datatype()));
    if (isClassification(output, batchable, labels.size())) {
      made.setLabelFilename(LABELS);
    }
    long[] dims = rows(output.shape(), batchable);
    if (dims.length == 0) {
      return made.addDims(1).setReshape(ModelTensorReshape.getDefaultInstance()).build();
    }
    return made.addAllDims(boxed(dims)).build();
  }

  /**
   * A tensor's dimensions as Triton writes them: without the batch axis. It knows none without
   * dimensions: such a one is [1] to clients, and reshaped for the model.
   */
  private static long[] rows(Shape shape, boolean batchable) {
    long[] dims = shape.toArray();
    return batchable ? Arrays.copyOfRange(dims, 1, dims.length) : dims;
  }

  private static List<Long> boxed(long[] dims) {
    return Arrays.stream(dims).boxed().toList();
  }

  private static DataType type(Datatype datatype) {
    return datatype == Datatype.BYTES
        ? DataType.TYPE_STRING
        : DataType.valueOf("TYPE_" + datatype.name());
  }

  /** No request waits for company: what waits anyway is put together. */
  private static ModelDynamicBatching batching(ExpectedShapes shapes, TritonSettings settings) {
    return ModelDynamicBatching.newBuilder()
        .addAllPreferredBatchSize(shapes.batches().stream().filter(rows -> rows > 1).toList())
        .setMaxQueueDelayMicroseconds(0)
        .setDefaultQueuePolicy(
            ModelQueuePolicy.newBuilder()
                .setTimeoutAction(ModelQueuePolicy.TimeoutAction.REJECT)
                .setDefaultTimeoutMicroseconds(settings.maxWaitMillis() * MICROSECONDS)
                .setAllowTimeoutOverride(true)
                .setMaxQueueSize(settings.maxQueue()))
        .build();
  }

  private static void onnxRuntime(
      ModelConfig.Builder config,
      TritonModel model,
      TritonSettings settings,
      ExpectedShapes shapes) {
    if (settings.instances() != Instances.GPU) {
      // It would take as many as the node has, however few of them the container may use.
      config.putParameters("intra_op_thread_count", parameter(String.valueOf(settings.threads())));
    }
    if (settings.tensorRt() && settings.instances() != Instances.CPU) {
      config.setOptimization(
          ModelOptimizationPolicy.newBuilder()
              .setExecutionAccelerators(
                  ExecutionAccelerators.newBuilder()
                      .addGpuExecutionAccelerator(tensorRt(model, settings, shapes))));
    }
  }

  /** What ONNX Runtime's TensorRT provider is told, by Triton's names. */
  private static Accelerator tensorRt(
      TritonModel model, TritonSettings settings, ExpectedShapes shapes) {
    Accelerator.Builder accelerator = Accelerator.newBuilder().setName("tensorrt");
    settings.precision().ifPresent(name -> accelerator.putParameters("precision_mode", name));
    if (!shapes.isEmpty()) {
      String largest = profile(model, shapes.batches().getLast(), shapes.lengths().getLast());
      if (!largest.isEmpty()) {
        accelerator
            .putParameters(
                "trt_profile_min_shapes",
                profile(model, shapes.batches().getFirst(), shapes.lengths().getFirst()))
            .putParameters("trt_profile_opt_shapes", largest)
            .putParameters("trt_profile_max_shapes", largest);
      }
    }
    return accelerator.build();
  }

  /** For example {@code input_ids:8x128,attention_mask:8x128}; inputs of fixed shape need none. */
  private static String profile(TritonModel model, int rows, int length) {
    return model.signature().inputs().stream()
        .filter(input -> Arrays.stream(input.shape().toArray()).anyMatch(dim -> dim == Shape.ANY))
        .map(
            input -> {
              Shape shape = ExpectedShapes.with(input.shape(), length);
              return input.name()
                  + ":"
                  + Arrays.stream(shape.with(0, rows).toArray())
                      .mapToObj(Long::toString)
                      .collect(Collectors.joining("x"));
            })
        .collect(Collectors.joining(","));
  }

  /** One for each shape; zeros, which are ids of every vocabulary. */
  private static List<ModelWarmup> warmUps(TritonModel model, ExpectedShapes shapes) {
    boolean batchable = model.signature().batchable();
    boolean open =
        model.signature().inputs().stream()
            .anyMatch(
                input -> !Objects.equals(input.shape(), ExpectedShapes.with(input.shape(), 1)));
    List<ModelWarmup> warmUps = new ArrayList<>();
    for (int length : shapes.lengths()) {
      for (int rows : shapes.batches()) {
        ModelWarmup.Builder warmUp =
            ModelWarmup.newBuilder()
                .setName("rows-" + rows + (batchable && open ? "-length-" + length : ""))
                .setBatchSize(rows);
        for (TensorMetadata input : model.signature().inputs()) {
          long[] dims = rows(ExpectedShapes.with(input.shape(), length), batchable);
          warmUp.putInputs(
              input.name(),
              ModelWarmup.Input.newBuilder()
                  .setDataType(type(input.datatype()))
                  .addAllDims(dims.length == 0 ? List.of(1L) : boxed(dims))
                  .setZeroData(true)
                  .build());
        }
        warmUps.add(warmUp.build());
      }
    }
    return warmUps;
  }

  private static ModelParameter parameter(String value) {
    return ModelParameter.newBuilder().setStringValue(value).build();
  }
}
