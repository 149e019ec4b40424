package dev.hone.operator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What decides and what builds stays pure: the same input always gives the same output. */
@AnalyzeClasses(
    packages = "dev.hone.operator",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  private static final String[] IMPURE = {
    "io.fabric8.kubernetes.client..",
    "io.javaoperatorsdk..",
    "io.quarkus..",
    "java.time..",
    "java.io..",
    "java.nio.file..",
    "java.net.."
  };

  @ArchTest
  static final ArchRule builders =
      noClasses()
          .that()
          .resideInAPackage("..desired..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(IMPURE);

  @ArchTest
  static final ArchRule planners =
      noClasses()
          .that()
          .haveSimpleNameEndingWith("Planner")
          .or()
          .haveSimpleName("GateDecision")
          .or()
          .haveSimpleName("SpecHash")
          .or()
          .haveSimpleName("ModelResolver")
          .or()
          .haveSimpleName("Unsupported")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.fabric8.kubernetes.client..",
              "io.javaoperatorsdk..",
              "io.quarkus..",
              "java.time..",
              "java.nio.file..",
              "java.net..");

  @ArchTest
  static final ArchRule buildersKnowNoController =
      noClasses()
          .that()
          .resideInAPackage("..desired..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.hone.operator.run..",
              "dev.hone.operator.finetune..",
              "dev.hone.operator.compression..",
              "dev.hone.operator.inference..");
}
