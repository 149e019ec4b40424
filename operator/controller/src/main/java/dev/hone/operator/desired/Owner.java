package dev.hone.operator.desired;

import dev.hone.api.HoneApi;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;

/**
 * The resource that an object is made for.
 *
 * @param kind kind of the resource
 * @param namespace its namespace
 * @param name its name
 * @param uid its unique id
 */
public record Owner(String kind, String namespace, String name, String uid) {

  /** The owner that a resource of ours is. */
  public static Owner of(HasMetadata resource) {
    return new Owner(
        resource.getKind(),
        resource.getMetadata().getNamespace(),
        resource.getMetadata().getName(),
        resource.getMetadata().getUid());
  }

  /** Whether an object belongs to the resource. */
  public boolean owns(HasMetadata object) {
    return isOwned(object, uid);
  }

  /** Whether an object belongs to the one with that uid. */
  public static boolean isOwned(HasMetadata object, String uid) {
    return object.getMetadata().getOwnerReferences().stream()
        .anyMatch(reference -> reference.getUid().equals(uid));
  }

  /** The reference by which the garbage collector deletes an object with its resource. */
  public OwnerReference reference() {
    return new OwnerReferenceBuilder()
        .withApiVersion(HoneApi.API_VERSION)
        .withKind(kind)
        .withName(name)
        .withUid(uid)
        .withController(true)
        .withBlockOwnerDeletion(true)
        .build();
  }
}
