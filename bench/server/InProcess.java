import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;

/**
 * A model in ONNX Runtime and nothing around it: what any server of it costs at least. Its arguments
 * are the model, the rows of a run and their width; each line of its input is a number of runs, and
 * is answered with the nanoseconds that they took when they are done.
 */
final class InProcess {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final float[] values;
  private final long[] shape;
  private final ByteBuffer buffer;
  private float sum;

  private InProcess(String model, int rows, int width) throws OrtException {
    // As the server's OnnxBackend has them.
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OptLevel.ALL_OPT);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
      session = environment.createSession(model, options);
    }
    values = new float[rows * width];
    for (int place = 0; place < values.length; place++) {
      values[place] = (float) Math.sin(place);
    }
    shape = new long[] {rows, width};
    buffer = ByteBuffer.allocateDirect(Float.BYTES * values.length).order(ByteOrder.nativeOrder());
  }

  private void run() throws OrtException {
    buffer.asFloatBuffer().put(values);
    try (OnnxTensor input =
            OnnxTensor.createTensor(environment, buffer.rewind(), shape, OnnxJavaType.FLOAT);
        OrtSession.Result result = session.run(Map.of("input", input), Set.of("output"))) {
      FloatBuffer answer = ((OnnxTensor) result.get(0)).getFloatBuffer();
      while (answer.hasRemaining()) {
        sum += answer.get();
      }
    }
  }

  public static void main(String[] arguments) throws OrtException, IOException {
    InProcess model =
        new InProcess(arguments[0], Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      long started = System.nanoTime();
      for (int runs = Integer.parseInt(line); runs > 0; runs--) {
        model.run();
      }
      System.out.println(System.nanoTime() - started);
    }
    // What was computed must not look useless to the compiler.
    System.err.println(model.sum);
  }
}
