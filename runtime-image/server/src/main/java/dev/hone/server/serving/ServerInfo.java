package dev.hone.server.serving;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What the server says about itself, over HTTP and gRPC alike. */
@ApplicationScoped
public class ServerInfo {
  private static final List<String> EXTENSIONS =
      List.of("classification", "model_repository", "statistics", "binary_tensor_data");

  private final String version;

  /** Describes the server of that version. */
  public ServerInfo(@ConfigProperty(name = "quarkus.application.version") String version) {
    this.version = version;
  }

  /** Its name. */
  public String name() {
    return "hone-server";
  }

  /** Its version. */
  public String version() {
    return version;
  }

  /** The protocol's extensions that it has, as Triton names them. */
  public List<String> extensions() {
    return EXTENSIONS;
  }
}
