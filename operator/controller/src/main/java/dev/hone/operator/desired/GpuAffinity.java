package dev.hone.operator.desired;

import dev.hone.api.common.Mig;
import dev.hone.api.common.PodResources;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.NodeSelectorTermBuilder;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.PreferredSchedulingTerm;
import io.fabric8.kubernetes.api.model.PreferredSchedulingTermBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Puts a pod on nodes with the GPUs that it must have, and rather on those that it prefers. */
final class GpuAffinity {

  private GpuAffinity() {}

  /** Adds to the affinity of the user's template what the resources say of GPUs. */
  static void apply(PodSpecBuilder pod, PodResources resources) {
    require(pod, required(resources));
    prefer(pod, preferred(resources));
  }

  private static List<List<NodeSelectorRequirement>> required(PodResources resources) {
    Mig mig = resources.mig();
    List<NodeSelectorRequirement> always = new ArrayList<>();
    if (mig != null && mig.isSingle()) {
      always.addAll(GpuLabels.singleStrategy(mig));
    }
    if (!resources.gpuProducts().isEmpty()) {
      always.add(GpuLabels.products(resources.gpuProducts(), mig));
    }
    List<List<NodeSelectorRequirement>> features =
        Optional.ofNullable(resources.gpuRequirements())
            .map(wanted -> GpuLabels.alternatives(wanted, mig))
            .orElseGet(() -> List.of(List.of()));
    return GpuLabels.cross(List.of(always), features);
  }

  private static List<PreferredSchedulingTerm> preferred(PodResources resources) {
    return resources.gpuPreferences().stream()
        .flatMap(
            preference ->
                // No node meets two alternatives, so that the weight counts once.
                GpuLabels.alternatives(preference.features(), resources.mig()).stream()
                    .map(
                        alternative ->
                            new PreferredSchedulingTermBuilder()
                                .withWeight(preference.effectiveWeight())
                                .withNewPreference()
                                .withMatchExpressions(alternative)
                                .endPreference()
                                .build()))
        .toList();
  }

  /** Each of the pod's own alternatives, if it has any, together with one of the given ones. */
  static void require(PodSpecBuilder pod, List<List<NodeSelectorRequirement>> alternatives) {
    if (alternatives.stream().allMatch(List::isEmpty)) {
      return;
    }
    List<NodeSelectorTerm> given = given(pod);
    List<NodeSelectorTerm> terms = new ArrayList<>();
    for (List<NodeSelectorRequirement> alternative : alternatives) {
      if (given.isEmpty()) {
        terms.add(new NodeSelectorTermBuilder().withMatchExpressions(alternative).build());
      }
      // Terms are alternatives too: what the pod requires must stand in each of them.
      for (NodeSelectorTerm term : given) {
        terms.add(new NodeSelectorTermBuilder(term).addAllToMatchExpressions(alternative).build());
      }
    }
    pod.editOrNewAffinity()
        .editOrNewNodeAffinity()
        .editOrNewRequiredDuringSchedulingIgnoredDuringExecution()
        .withNodeSelectorTerms(terms)
        .endRequiredDuringSchedulingIgnoredDuringExecution()
        .endNodeAffinity()
        .endAffinity();
  }

  private static void prefer(PodSpecBuilder pod, List<PreferredSchedulingTerm> preferred) {
    if (preferred.isEmpty()) {
      return;
    }
    pod.editOrNewAffinity()
        .editOrNewNodeAffinity()
        .addAllToPreferredDuringSchedulingIgnoredDuringExecution(preferred)
        .endNodeAffinity()
        .endAffinity();
  }

  private static List<NodeSelectorTerm> given(PodSpecBuilder pod) {
    NodeAffinity affinity = pod.editOrNewAffinity().buildNodeAffinity();
    return affinity == null || affinity.getRequiredDuringSchedulingIgnoredDuringExecution() == null
        ? List.of()
        : affinity.getRequiredDuringSchedulingIgnoredDuringExecution().getNodeSelectorTerms();
  }
}
