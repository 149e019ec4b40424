package dev.hone.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.hone.server", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule DIRECTION =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("transport")
          .definedBy("..transport..")
          .layer("grpc")
          .definedBy("dev.hone.server.grpc")
          .layer("wire")
          .definedBy("dev.hone.server.grpc.wire..")
          .layer("lifecycle")
          .definedBy("..lifecycle..")
          .layer("router")
          .definedBy("dev.hone.server.router..")
          .layer("serving")
          .definedBy("..serving..")
          .layer("batching")
          .definedBy("..batching..")
          .layer("engine")
          .definedBy("dev.hone.server.engine..")
          .layer("triton")
          .definedBy("dev.hone.server.triton..")
          .layer("backend")
          .definedBy("..backend..")
          .layer("text")
          .definedBy("..text..")
          .layer("image")
          .definedBy("..image..")
          .layer("repository")
          .definedBy("..repository..")
          .layer("metrics")
          .definedBy("..metrics..")
          .layer("inference")
          .definedBy("dev.hone.server.inference..")
          .layer("access")
          .definedBy("..access..")
          .layer("tracing")
          .definedBy("..tracing..")
          .layer("protocol")
          .definedBy("..protocol..")
          .whereLayer("transport")
          .mayOnlyAccessLayers("access", "serving", "inference", "tracing", "protocol")
          .whereLayer("access")
          .mayNotAccessAnyLayer()
          .whereLayer("grpc")
          .mayOnlyAccessLayers("access", "wire", "serving", "inference", "tracing", "protocol")
          .whereLayer("router")
          .mayOnlyAccessLayers("access", "wire", "tracing", "protocol")
          .whereLayer("serving")
          .mayOnlyAccessLayers(
              "batching", "backend", "text", "image", "metrics", "inference", "tracing", "protocol")
          .whereLayer("batching")
          .mayOnlyAccessLayers("backend", "metrics", "inference", "tracing", "protocol")
          .whereLayer("inference")
          .mayOnlyAccessLayers("protocol")
          .whereLayer("engine")
          .mayOnlyAccessLayers("backend", "repository")
          .whereLayer("triton")
          .mayOnlyAccessLayers("backend", "repository", "protocol")
          .whereLayer("backend")
          .mayOnlyAccessLayers("protocol")
          .whereLayer("text")
          .mayOnlyAccessLayers("protocol")
          .whereLayer("image")
          .mayOnlyAccessLayers("protocol")
          .whereLayer("repository")
          .mayNotAccessAnyLayer()
          .whereLayer("metrics")
          .mayNotAccessAnyLayer()
          .whereLayer("tracing")
          .mayNotAccessAnyLayer()
          .whereLayer("protocol")
          .mayNotAccessAnyLayer()
          .whereLayer("lifecycle")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule NO_CYCLES =
      slices().matching("dev.hone.server.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule ONLY_THE_BACKEND_KNOWS_ONNX_RUNTIME =
      noClasses()
          .that()
          .resideOutsideOfPackage("..backend..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.onnxruntime..");

  @ArchTest
  static final ArchRule ONLY_THE_IMAGES_KNOW_AWT =
      noClasses()
          .that()
          .resideOutsideOfPackage("..image..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.awt..", "javax.imageio..");

  @ArchTest
  static final ArchRule ONLY_THE_GRPC_FRONT_END_KNOWS_GRPC =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.hone.server.grpc..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.grpc..");

  @ArchTest
  static final ArchRule ONLY_THE_TRACING_KNOWS_OPENTELEMETRY =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.hone.server.tracing..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.opentelemetry..");

  @ArchTest
  static final ArchRule ONLY_THE_TRANSPORT_KNOWS_HTTP =
      noClasses()
          .that()
          .resideOutsideOfPackages("..transport..", "dev.hone.server.router..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.vertx..");
}
