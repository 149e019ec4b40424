package dev.hone.api.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class EngineKeyTest {

  private static final String DIGEST = "sha256:" + "a".repeat(64);

  private static final EngineBuildSpec CPU =
      new EngineBuildSpec(
          new EngineModel("pvc://spam-filter/artifacts/spam-int8-x", DIGEST),
          new EngineRuntime(EngineProvider.CPU, "1.29.0", null),
          EngineTarget.cpu("amd64", "x86-64-v3"),
          new ShapeProfile(new ShapeRange(1, 8, 8), new ShapeRange(32, 128, 128)),
          Map.of("optimization", "all"),
          null);

  private static final EngineBuildSpec GPU =
      new EngineBuildSpec(
          CPU.model(),
          new EngineRuntime(EngineProvider.TENSOR_RT, "1.29.0", "10"),
          new EngineTarget("amd64", null, "NVIDIA-H100-80GB-HBM3", "9.0", "3g.40gb", "550"),
          CPU.profile(),
          Map.of("precision", "FP16"),
          null);

  /** Whoever has engines on a volume finds them again with every later version. */
  @Test
  void staysTheSameFromVersionToVersion() {
    assertThat(EngineKey.of(CPU)).isEqualTo("engine-a10mt1n57zjhw31fewsavfe1xf");
    assertThat(EngineKey.of(GPU)).isEqualTo("engine-0qqktq1d4f4ay6fd2z36pbzp5g");
  }

  @Property(tries = 200)
  void isANameAndALabel(@ForAll("specs") EngineBuildSpec spec) {
    assertThat(EngineKey.of(spec)).matches(Names.NAME_PATTERN);
  }

  @Property(tries = 200)
  void theOrderOfOptionsDoesNotMatter(@ForAll("specs") EngineBuildSpec spec, @ForAll long seed) {
    List<Map.Entry<String, String>> entries = new ArrayList<>(spec.options().entrySet());
    Collections.shuffle(entries, new Random(seed));
    Map<String, String> shuffled = new LinkedHashMap<>();
    entries.forEach(entry -> shuffled.put(entry.getKey(), entry.getValue()));
    EngineBuildSpec other =
        new EngineBuildSpec(
            spec.model(), spec.runtime(), spec.target(), spec.profile(), shuffled, null);
    assertThat(EngineKey.of(other)).isEqualTo(EngineKey.of(spec));
  }

  /** The parts of the key alone: two specs that differ in one of them differ in their names. */
  @Property(tries = 1000)
  void twoSpecsShareAKeyOnlyIfTheyAreEqual(
      @ForAll("specs") EngineBuildSpec one, @ForAll("specs") EngineBuildSpec other) {
    assertThat(EngineKey.of(one).equals(EngineKey.of(other))).isEqualTo(one.equals(other));
  }

  @Test
  void anyPartChangesIt() {
    List<EngineBuildSpec> siblings = new ArrayList<>(List.of(CPU, GPU));
    siblings.add(with(CPU, new EngineModel(CPU.model().uri(), "sha256:" + "b".repeat(64))));
    siblings.add(with(CPU, new EngineRuntime(EngineProvider.CPU, "1.30.0", null)));
    siblings.add(with(CPU, EngineTarget.cpu("amd64", "x86-64-v4")));
    siblings.add(with(CPU, EngineTarget.cpu("amd64", null)));
    siblings.add(with(CPU, EngineTarget.cpu("arm64", null)));
    siblings.add(with(CPU, new ShapeProfile(new ShapeRange(1, 8, 16), null)));
    siblings.add(with(CPU, new ShapeProfile(new ShapeRange(1, 16, 16), null)));
    siblings.add(with(CPU, new ShapeProfile(new ShapeRange(2, 16, 16), null)));
    siblings.add(with(CPU, new ShapeProfile(new ShapeRange(1, 8, 8), new ShapeRange(1, 128, 128))));
    siblings.add(with(CPU, Map.of()));
    siblings.add(with(CPU, Map.of("optimization", "extended")));
    siblings.add(with(CPU, Map.of("optimization", "all", "fast", "true")));
    siblings.add(with(GPU, new EngineRuntime(EngineProvider.TENSOR_RT, "1.29.0", "11")));
    String product = "NVIDIA-H100-80GB-HBM3";
    siblings.add(with(GPU, new EngineTarget("arm64", null, product, "9.0", "3g.40gb", "550")));
    siblings.add(with(GPU, new EngineTarget("amd64", null, "NVIDIA-L4", "9.0", "3g.40gb", "550")));
    siblings.add(with(GPU, new EngineTarget("amd64", null, product, "8.9", "3g.40gb", "550")));
    siblings.add(with(GPU, new EngineTarget("amd64", null, product, "9.0", null, "550")));
    siblings.add(with(GPU, new EngineTarget("amd64", null, product, "9.0", "3g.40gb", "570")));
    Set<String> keys = new HashSet<>();
    assertThat(siblings).allSatisfy(spec -> assertThat(keys.add(EngineKey.of(spec))).isTrue());
  }

  @Test
  void whereItStandsAndWhoBuildsItDoesNotMatter() {
    EngineBuildSpec elsewhere =
        new EngineBuildSpec(
            new EngineModel("pvc://another/copy", DIGEST),
            CPU.runtime(),
            CPU.target(),
            CPU.profile(),
            CPU.options(),
            new PodTemplateSpec());
    assertThat(EngineKey.of(elsewhere)).isEqualTo(EngineKey.of(CPU));
  }

  /** Few values for each part, so that equal specs come up as well. */
  @Provide
  Arbitrary<EngineBuildSpec> specs() {
    Arbitrary<EngineRuntime> runtimes =
        Arbitraries.of(
            new EngineRuntime(EngineProvider.CPU, "1.29.0", null),
            new EngineRuntime(EngineProvider.TENSOR_RT, "1.29.0", "10"),
            new EngineRuntime(EngineProvider.TENSOR_RT, "1.29", "0.10"));
    Arbitrary<EngineTarget> targets =
        Arbitraries.of(
            EngineTarget.cpu("amd64", null),
            EngineTarget.cpu("amd64", "x86-64-v4"),
            new EngineTarget("amd64", null, "NVIDIA-L4", "8.9", null, null),
            new EngineTarget("amd64", null, "NVIDIA-L4", null, null, "8"));
    Arbitrary<ShapeProfile> profiles =
        Arbitraries.of(
            new ShapeProfile(new ShapeRange(1, 8, 8), null),
            new ShapeProfile(new ShapeRange(1, 8, 8), new ShapeRange(1, 8, 8)));
    Arbitrary<Map<String, String>> options =
        Arbitraries.maps(
                Arbitraries.strings().withChars("a:=1").ofMinLength(1).ofMaxLength(3),
                Arbitraries.strings().withChars("a:=1").ofMaxLength(3))
            .ofMaxSize(2);
    return Combinators.combine(Arbitraries.of("a", "b"), runtimes, targets, profiles, options)
        .as(
            (digest, runtime, target, profile, map) ->
                new EngineBuildSpec(
                    new EngineModel("pvc://claim/model", "sha256:" + digest.repeat(64)),
                    runtime,
                    target,
                    profile,
                    map,
                    null));
  }

  private static EngineBuildSpec with(EngineBuildSpec spec, Object part) {
    return switch (part) {
      case EngineModel model ->
          new EngineBuildSpec(
              model, spec.runtime(), spec.target(), spec.profile(), spec.options(), null);
      case EngineRuntime runtime ->
          new EngineBuildSpec(
              spec.model(), runtime, spec.target(), spec.profile(), spec.options(), null);
      case EngineTarget target ->
          new EngineBuildSpec(
              spec.model(), spec.runtime(), target, spec.profile(), spec.options(), null);
      case ShapeProfile profile ->
          new EngineBuildSpec(
              spec.model(), spec.runtime(), spec.target(), profile, spec.options(), null);
      case Map<?, ?> options -> {
        Map<String, String> texts = new LinkedHashMap<>();
        options.forEach((name, value) -> texts.put(String.valueOf(name), String.valueOf(value)));
        yield new EngineBuildSpec(
            spec.model(), spec.runtime(), spec.target(), spec.profile(), texts, null);
      }
      default -> throw new IllegalArgumentException(part.toString());
    };
  }
}
