package dev.hone.api;

/** Group, version and category of the API. */
public final class HoneApi {

  public static final String GROUP = "hone.dev";
  public static final String VERSION = "v1alpha1";
  public static final String API_VERSION = GROUP + "/" + VERSION;

  /** {@code kubectl get hone} lists every kind. */
  public static final String CATEGORY = "hone";

  /** Keeps a resource with {@code output.deletionPolicy: Delete} until its artifacts are gone. */
  public static final String ARTIFACTS_FINALIZER = GROUP + "/artifacts";

  /** Keeps an EngineBuild until the files of its engine are gone. */
  public static final String ENGINE_FINALIZER = GROUP + "/engine";

  private HoneApi() {}
}
