package dev.hone.e2e;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A manifest that a test changes before it applies it. */
record Manifest(GenericKubernetesResource resource) {

  Manifest name(String name) {
    resource.getMetadata().setName(name);
    return this;
  }

  /**
   * Sets the field at a path such as "dataset.train.uri" below spec to a YAML value, making the
   * maps on the way.
   */
  Manifest spec(String path, String yaml) {
    set(child(resource.getAdditionalProperties(), "spec"), path, yaml);
    return this;
  }

  private static void set(Map<String, Object> map, String path, String yaml) {
    String[] keys = path.split("\\.");
    for (int i = 0; i < keys.length - 1; i++) {
      map = child(map, keys[i]);
    }
    // Without the marker a text that begins with a brace would be read as JSON.
    map.put(keys[keys.length - 1], Serialization.unmarshal("--- " + yaml, Object.class));
  }

  /** Sets a field of one of spec.steps, counted from 0, in the same way. */
  Manifest step(int index, String path, String yaml) {
    List<Map<String, Object>> steps = resource.get("spec", "steps");
    set(steps.get(index), path, yaml);
    return this;
  }

  /** Says whether there is a field at a path below spec. */
  boolean has(String path) {
    return resource.get(("spec." + path).split("\\.")) != null;
  }

  /** Removes the field at a path below spec. */
  Manifest without(String path) {
    String[] keys = path.split("\\.");
    Map<String, Object> map = child(resource.getAdditionalProperties(), "spec");
    for (int i = 0; i < keys.length - 1; i++) {
      map = child(map, keys[i]);
    }
    map.remove(keys[keys.length - 1]);
    return this;
  }

  @SuppressWarnings("unchecked") // a YAML mapping is a Map<String, Object>
  private static Map<String, Object> child(Map<String, Object> parent, String key) {
    return (Map<String, Object>)
        parent.computeIfAbsent(key, missing -> new HashMap<String, Object>());
  }
}
