package dev.hone.server.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.ExecutionProvider;
import dev.hone.server.backend.OnnxBackend;
import dev.hone.server.backend.OnnxEngine;
import dev.hone.server.backend.ProviderChain;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.repository.Artifact;
import dev.hone.server.repository.ArtifactVerifier;
import dev.hone.server.repository.RepositoryScanner;
import dev.hone.server.testing.Backends;
import dev.hone.server.testing.Models;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineBuilderTest {
  private static final String KEY = "engine-x";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final EngineSpec.Range ROWS = new EngineSpec.Range(1, 8, 8);

  @TempDir Path repository;
  @TempDir Path engines;
  private Artifact artifact;
  private EngineSpec spec;

  @BeforeEach
  void prepare() throws Exception {
    Models.copySpam(repository);
    artifact =
        new ArtifactVerifier(JSON)
            .verify(new RepositoryScanner().scan(repository).getFirst(), Optional.empty());
    spec = spec("CPU", OnnxEngine.version(), Machine.here(), Map.of("optimization", "all"));
  }

  private EngineSpec spec(
      String provider, String version, Machine target, Map<String, String> options) {
    return new EngineSpec(
        new EngineSpec.Model(artifact.digest().orElseThrow()),
        new EngineSpec.Versions(provider, version, null),
        new Machine(target.architecture(), target.cpuLevel(), null),
        new EngineSpec.Profile(ROWS, null),
        options);
  }

  private EngineBuilder.Built build() throws EngineException {
    return new EngineBuilder(engines, JSON, Machine.here()).build(KEY, spec, artifact);
  }

  private Optional<Engine> find() {
    return new EngineStore(engines, JSON)
        .find(artifact.digest().orElseThrow(), OnnxEngine.version(), Machine.here());
  }

  private EngineException refusal(EngineSpec wrong) {
    return catchThrowableOfType(
        EngineException.class,
        () -> new EngineBuilder(engines, JSON, Machine.here()).build(KEY, wrong, artifact));
  }

  @Test
  void theEngineAnswersAsItsModelDoes() throws Exception {
    EngineBuilder.Built built = build();

    assertThat(built.reused()).isFalse();
    assertThat(built.engine().manifest().spec()).isEqualTo(spec);
    assertThat(built.engine().digest()).isEqualTo(Models.digest(engines.resolve(KEY)));
    assertThat(find()).contains(built.engine());
    try (OnnxBackend model = Backends.onCpu(artifact.model());
        OnnxBackend engine =
            OnnxBackend.loadEngine(
                "spam",
                built.engine().model(),
                1,
                ProviderChain.ofThisMachine(List.of(ExecutionProvider.CPU), false))) {
      assertThat(engine.signature()).isEqualTo(model.signature());
      Map<String, Tensor> inputs = new HashMap<>();
      for (TensorMetadata input : model.signature().inputs()) {
        inputs.put(input.name(), ids(input));
      }
      List<String> outputs =
          model.signature().outputs().stream().map(TensorMetadata::name).toList();
      List<Tensor> expected = model.run(inputs, outputs);
      List<Tensor> found = engine.run(inputs, outputs);
      for (int i = 0; i < outputs.size(); i++) {
        NumericTensor one = (NumericTensor) expected.get(i);
        NumericTensor other = (NumericTensor) found.get(i);
        assertThat(other.shape()).isEqualTo(one.shape());
        for (int at = 0; at < one.data().limit(); at += Float.BYTES) {
          assertThat(other.data().getFloat(at))
              .isCloseTo(one.data().getFloat(at), Offset.offset(1e-5f));
        }
      }
    }
  }

  private static Tensor ids(TensorMetadata input) {
    ByteBuffer data = ByteBuffer.allocate(2 * 5 * Long.BYTES).order(ByteOrder.nativeOrder());
    for (int i = 0; i < 10; i++) {
      data.putLong(i * Long.BYTES, "input_ids".equals(input.name()) ? 3 + i : 1);
    }
    return new NumericTensor(input.name(), Datatype.INT64, Shape.of(2, 5), data);
  }

  @Test
  void oneThatIsThereIsFoundAndLeftAlone() throws Exception {
    Engine first = build().engine();
    FileTime written = Files.getLastModifiedTime(first.model());
    Path manifest = first.folder().resolve("manifest.json");
    Files.setLastModifiedTime(manifest, FileTime.fromMillis(0));

    EngineBuilder.Built second = build();

    assertThat(second.reused()).isTrue();
    assertThat(second.engine()).isEqualTo(first);
    assertThat(Files.getLastModifiedTime(first.model())).isEqualTo(written);
    // That it was asked for is what eviction goes by.
    assertThat(Files.getLastModifiedTime(manifest).toMillis()).isPositive();
  }

  @Test
  void oneWithoutAManifestIsBuiltAgain() throws Exception {
    Engine first = build().engine();
    Files.delete(first.folder().resolve("manifest.json"));
    Files.writeString(first.folder().resolve("left-over"), "x");
    assertThat(find()).isEmpty();

    assertThat(build().reused()).isFalse();
    assertThat(first.folder().resolve("left-over")).doesNotExist();
    assertThat(find()).isPresent();
  }

  @Test
  void oneWithAFlippedByteIsNotUsedAndBuiltAgain() throws Exception {
    Engine first = build().engine();
    byte[] bytes = Files.readAllBytes(first.model());
    bytes[bytes.length / 2] ^= 1;
    Files.write(first.model(), bytes);
    assertThat(find()).isEmpty();

    assertThat(build().reused()).isFalse();
    assertThat(find()).isPresent();
  }

  @Test
  void aBuilderThatWasInterruptedLeavesNoEngine() throws IOException, EngineException {
    Path work = Files.createDirectories(engines.resolve("." + KEY));
    Files.writeString(work.resolve("model.onnx"), "half");
    assertThat(find()).isEmpty();

    assertThat(build().reused()).isFalse();
    assertThat(work).doesNotExist();
  }

  @Test
  void anEngineOfAnotherModelVersionOrMachineIsNotUsed() throws Exception {
    build();
    EngineStore store = new EngineStore(engines, JSON);
    String digest = artifact.digest().orElseThrow();
    assertThat(store.find("sha256:other", OnnxEngine.version(), Machine.here())).isEmpty();
    assertThat(store.find(digest, "0.1", Machine.here())).isEmpty();
    assertThat(store.find(digest, OnnxEngine.version(), new Machine("other", null, null)))
        .isEmpty();
    assertThat(new EngineStore(engines.resolve("nothing"), JSON).find(digest, "1", Machine.here()))
        .isEmpty();
  }

  @Test
  void refusesWhatItIsNotMadeFor() {
    EngineException version = refusal(spec("CPU", "0.1", Machine.here(), Map.of()));
    assertThat(version.reason()).isEqualTo(EngineException.Reason.CONFIG_INVALID);
    assertThat(version)
        .hasMessageContaining("ONNX Runtime 0.1")
        .hasMessageContaining("this image has " + OnnxEngine.version());
    assertThat(
            refusal(spec("CPU", OnnxEngine.version(), new Machine("other", null, null), Map.of())))
        .hasMessageContaining("it is for other")
        .hasMessageContaining("correct the labels of the node");
    assertThat(
            refusal(
                spec("CPU", OnnxEngine.version(), Machine.here(), Map.of("optimization", "most"))))
        .hasMessageContaining("no level of optimization is called 'most'; write all or extended");
  }

  /** The library of this image has no TensorRT, and its own words say so. */
  @Test
  void whatTheBuilderSaysIsTheMessage() {
    EngineException failure =
        refusal(spec("TensorRT", OnnxEngine.version(), Machine.here(), Map.of()));
    assertThat(failure.reason()).isEqualTo(EngineException.Reason.ENGINE_FAILED);
    assertThat(failure).hasMessageStartingWith("TensorRT cannot build it: ");
    assertThat(failure.getMessage()).containsIgnoringCase("tensorrt shared provider");
    assertThat(engines.resolve(KEY)).doesNotExist();
  }

  @Test
  void aFolderThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.writeString(engines.resolve("file"), "x");
    EngineException failure =
        catchThrowableOfType(
            EngineException.class,
            () -> new EngineBuilder(file, JSON, Machine.here()).build(KEY, spec, artifact));
    assertThat(failure.reason()).isEqualTo(EngineException.Reason.OUTPUT_NOT_WRITABLE);
    assertThat(failure).hasMessageContaining(file.toString());
  }
}
