package dev.hone.operator.status;

import dev.hone.api.FieldManagers;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;

/** How objects are written: under a name that says who owns which fields. */
public final class Patches {

  /** Applies what the operator wants of an object of its own. */
  public static final PatchContext APPLY = applyAs(FieldManagers.OPERATOR);

  /** Changes the members that stand in a patch. */
  public static final PatchContext MERGE =
      new PatchContext.Builder()
          .withPatchType(PatchType.JSON_MERGE)
          .withFieldManager(FieldManagers.OPERATOR)
          .build();

  private Patches() {}

  /** Applies under another field manager's name. */
  public static PatchContext applyAs(String fieldManager) {
    return applyAs(fieldManager, true);
  }

  /** Applies what nobody has written otherwise; the API server answers 409 if somebody has. */
  public static PatchContext offerAs(String fieldManager) {
    return applyAs(fieldManager, false);
  }

  private static PatchContext applyAs(String fieldManager, boolean force) {
    return new PatchContext.Builder()
        .withPatchType(PatchType.SERVER_SIDE_APPLY)
        .withFieldManager(fieldManager)
        .withForce(force)
        .build();
  }
}
