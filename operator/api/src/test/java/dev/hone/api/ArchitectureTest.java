package dev.hone.api;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What the API may use: other people build on it without an operator framework. */
@AnalyzeClasses(
    packages = {"dev.hone.api", "dev.hone.contract"},
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule NO_FRAMEWORK =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.quarkus..", "io.javaoperatorsdk..", "jakarta..", "io.quarkiverse..");

  @ArchTest
  static final ArchRule THE_API_DOES_NOT_KNOW_THE_CONTRACT =
      noClasses()
          .that()
          .resideInAPackage("dev.hone.api..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.hone.contract..");

  @ArchTest
  static final ArchRule KINDS_DO_NOT_KNOW_ONE_ANOTHER =
      slices()
          .matching("dev.hone.api.(finetune|compression|inference|engine)..")
          .should()
          .notDependOnEachOther();

  @ArchTest
  static final ArchRule RECORDS_ARE_READ_WITH_UNKNOWN_MEMBERS =
      classes().that().areRecords().should().beAnnotatedWith(ApiType.class);
}
