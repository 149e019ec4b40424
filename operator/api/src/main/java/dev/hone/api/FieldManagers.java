package dev.hone.api;

/** Who owns which fields under server-side apply. */
public final class FieldManagers {

  /** The leader: every object that it makes, and the status except {@code status.progress}. */
  public static final String OPERATOR = "hone-operator";

  /** Every replica, for {@code status.progress} alone. */
  public static final String PROGRESS = "hone-progress";

  /**
   * The number of pods of a Deployment that an autoscaler decides, until it decides for the first
   * time: a field that its only owner lets go of falls back to its default.
   */
  public static final String HANDOVER = "hone-handover";

  private FieldManagers() {}
}
