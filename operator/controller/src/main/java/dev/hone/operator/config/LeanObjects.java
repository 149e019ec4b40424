package dev.hone.operator.config;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.util.StdConverter;
import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import io.quarkus.kubernetes.client.KubernetesClientObjectMapperCustomizer;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Leaves out of what the API server sends what the operator never looks at. Thousands of objects
 * are in its caches, and most of each were the maps of who manages which field and the pod of a
 * Job, which is what the operator has made itself.
 */
@Singleton
public final class LeanObjects implements KubernetesClientObjectMapperCustomizer {

  @Override
  public void customize(ObjectMapper mapper) {
    mapper
        .addMixIn(ObjectMeta.class, LeanMeta.class)
        .addMixIn(FieldsV1.class, LeanFields.class)
        .addMixIn(JobSpec.class, LeanJob.class);
  }

  private abstract static class LeanJob {
    // Its labels and annotations are read, and all of it is written.
    @JsonIgnoreProperties(value = "spec", allowGetters = true)
    @Nullable PodTemplateSpec template;
  }

  private abstract static class LeanMeta {
    @JsonDeserialize(converter = WithFields.class)
    @Nullable List<ManagedFieldsEntry> managedFields;
  }

  @JsonDeserialize(using = Replicas.class)
  private abstract static class LeanFields {}

  private static final class WithFields
      extends StdConverter<List<ManagedFieldsEntry>, List<ManagedFieldsEntry>> {
    @Override
    public List<ManagedFieldsEntry> convert(List<ManagedFieldsEntry> entries) {
      return entries.stream().filter(entry -> entry.getFieldsV1() != null).toList();
    }
  }

  /** Keeps who manages the number of replicas, and no other field. */
  private static final class Replicas extends StdDeserializer<FieldsV1> {
    private static final String SPEC = "f:spec";
    private static final String REPLICAS = "f:replicas";

    Replicas() {
      super(FieldsV1.class);
    }

    @Override
    public @Nullable FieldsV1 deserialize(JsonParser json, DeserializationContext context)
        throws IOException {
      boolean held = false;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        boolean spec = SPEC.equals(json.currentName());
        json.nextToken();
        if (spec) {
          held = has(REPLICAS, json);
        } else {
          json.skipChildren();
        }
      }
      if (!held) {
        return null;
      }
      FieldsV1 kept = new FieldsV1();
      kept.setAdditionalProperty(SPEC, Map.of(REPLICAS, Map.of()));
      return kept;
    }

    private static boolean has(String name, JsonParser object) throws IOException {
      boolean found = false;
      while (object.nextToken() == JsonToken.FIELD_NAME) {
        found |= name.equals(object.currentName());
        object.nextToken();
        object.skipChildren();
      }
      return found;
    }
  }
}
