package dev.hone.operator.run;

import java.util.function.Supplier;

/**
 * What every run is given by the operator.
 *
 * @param images images of the trainer
 * @param pullPolicy its pull policy
 * @param reportUrl where pods report to, without a path
 * @param gpuResource extended resource of GPUs, where a spec names none
 * @param caCertificate the certificate authority of that address in PEM
 */
public record RunSettings(
    TrainerImages images,
    String pullPolicy,
    String reportUrl,
    String gpuResource,
    Supplier<String> caCertificate) {}
