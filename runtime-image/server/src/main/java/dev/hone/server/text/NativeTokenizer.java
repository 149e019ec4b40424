package dev.hone.server.text;

import java.nio.file.Path;

/** Tells DJL where its native library goes. It comes out of DJL's jar; nothing is downloaded. */
final class NativeTokenizer {
  private NativeTokenizer() {}

  /** Sets what neither the environment nor the command line has set. */
  static void prepare() {
    // The root file system is read-only in a container: the temporary folder is what can be
    // written.
    setIfMissing(
        "ENGINE_CACHE_DIR", Path.of(System.getProperty("java.io.tmpdir"), "hone-djl").toString());
    setIfMissing("ai.djl.offline", "true");
    setIfMissing("OPT_OUT_TRACKING", "true");
  }

  private static void setIfMissing(String name, String value) {
    if (System.getenv(name) == null && System.getProperty(name) == null) {
      System.setProperty(name, value);
    }
  }
}
