package dev.hone.operator.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LeanObjectsTest {

  private final KubernetesSerialization serialization = serialization();

  private static KubernetesSerialization serialization() {
    ObjectMapper mapper = new ObjectMapper();
    new LeanObjects().customize(mapper);
    return new KubernetesSerialization(mapper, true);
  }

  @Test
  void keepsOfManagedFieldsWhoManagesTheReplicas() {
    Deployment read =
        serialization.unmarshal(
            """
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "spam", "managedFields": [
              {"manager": "kubectl", "operation": "Update", "fieldsType": "FieldsV1",
               "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:replicas": {}}}, "f:spec": {"f:paused": {}}}},
              {"manager": "hpa", "operation": "Apply", "fieldsType": "FieldsV1",
               "fieldsV1": {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {}}}}, "f:status": {}}},
              {"manager": "old", "operation": "Update"}],
              "labels": {"a": "b"}}, "spec": {"replicas": 2}}""",
            Deployment.class);
    assertThat(read.getMetadata().getManagedFields())
        .extracting(ManagedFieldsEntry::getManager)
        .containsExactly("hpa");
    assertThat(
            read.getMetadata()
                .getManagedFields()
                .getFirst()
                .getFieldsV1()
                .getAdditionalProperties())
        .isEqualTo(Map.of("f:spec", Map.of("f:replicas", Map.of())));
    assertThat(read.getMetadata().getLabels()).containsEntry("a", "b");
    assertThat(read.getSpec().getReplicas()).isEqualTo(2);
  }

  @Test
  void writesThePodOfAJobAndReadsWhatIsSaidAboutItAlone() {
    String written =
        """
        {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"run"},"spec":{"backoffLimit":3,"suspend":true,"template":\
        {"metadata":{"annotations":{"reads":"pvc"}},"spec":{"containers":[{"name":"trainer"}]}}}}""";
    Job whole = new KubernetesSerialization().unmarshal(written, Job.class);
    assertThat(serialization.asJson(whole)).isEqualTo(written);

    Job read = serialization.unmarshal(written, Job.class);
    assertThat(read.getSpec().getTemplate().getSpec()).isNull();
    assertThat(read.getSpec().getTemplate().getMetadata().getAnnotations())
        .containsEntry("reads", "pvc");
    assertThat(read.getSpec().getSuspend()).isTrue();
    assertThat(read.getSpec().getBackoffLimit()).isEqualTo(3);
  }
}
