package dev.hone.operator.run;

import dev.hone.operator.desired.PvcUri;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Whether every node of a run can mount every volume that the run names. */
final class SharedVolumes {

  private SharedVolumes() {}

  /** What is in the way of a run whose model is resolved, as a sentence; empty if nothing is. */
  static Optional<String> problem(RunInput in) {
    RunView view = in.view();
    if (view.nodes() == 1) {
      return Optional.empty();
    }
    Optional<String> written = PvcUri.parse(view.output()).map(PvcUri::claim);
    Set<String> claims = new TreeSet<>();
    written.ifPresent(claims::add);
    in.resolution()
        .model()
        .ifPresent(
            model ->
                view.inputs(model).stream()
                    .map(PvcUri::parse)
                    .flatMap(Optional::stream)
                    .map(PvcUri::claim)
                    .forEach(claims::add));
    // A claim that does not exist keeps the pods from starting, and that is said then.
    return claims.stream()
        .map(name -> in.observed().facts().claim(name))
        .flatMap(Optional::stream)
        .filter(claim -> !isShared(claim, written.filter(name(claim)::equals).isPresent()))
        .findFirst()
        .map(claim -> sentence(claim, view.nodes()));
  }

  private static boolean isShared(PersistentVolumeClaim claim, boolean written) {
    List<String> modes = modes(claim);
    return modes.contains("ReadWriteMany") || (!written && modes.contains("ReadOnlyMany"));
  }

  private static String sentence(PersistentVolumeClaim claim, int nodes) {
    return ("PersistentVolumeClaim %s can be mounted by one node alone (%s), but spec.resources.nodes is %d; name a"
            + " claim with the access mode ReadWriteMany, or write nodes: 1")
        .formatted(name(claim), String.join(", ", modes(claim)), nodes);
  }

  private static String name(PersistentVolumeClaim claim) {
    return claim.getMetadata().getName();
  }

  private static List<String> modes(PersistentVolumeClaim claim) {
    return claim.getSpec().getAccessModes();
  }
}
