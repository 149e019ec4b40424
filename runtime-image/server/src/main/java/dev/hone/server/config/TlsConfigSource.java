package dev.hone.server.config;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * With HONE_TLS, has the framework speak TLS on the ports of the protocol, by the files of that
 * folder: as a Secret of the type kubernetes.io/tls is mounted.
 */
public final class TlsConfigSource implements ConfigSourceFactory {
  /** The framework's name of what it knows of TLS here. */
  public static final String NAME = "hone";

  /** Above the properties of the application, below variables of the environment. */
  private static final int ORDINAL = 260;

  private static final String RELOAD = "10s";

  @Override
  public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
    return value(context, "hone.tls")
        .map(folder -> List.<ConfigSource>of(source(Path.of(folder), context)))
        .orElse(List.of());
  }

  private static ConfigSource source(Path folder, ConfigSourceContext context) {
    String bucket = "quarkus.tls." + NAME + ".";
    Map<String, String> properties = new HashMap<>();
    properties.put(
        bucket + "key-store.pem.server.cert", folder.resolve(TlsFiles.CERTIFICATE).toString());
    properties.put(bucket + "key-store.pem.server.key", folder.resolve(TlsFiles.KEY).toString());
    properties.put(bucket + "reload-period", RELOAD);
    if (value(context, "hone.tls-client-auth")
        .filter(ClientAuth.REQUIRED.name()::equalsIgnoreCase)
        .isPresent()) {
      properties.put(
          bucket + "trust-store.pem.certs", folder.resolve(TlsFiles.AUTHORITY).toString());
    }
    properties.put("quarkus.http.tls-configuration-name", NAME);
    properties.put("quarkus.http.insecure-requests", "disabled");
    value(context, "quarkus.http.port")
        .ifPresent(port -> properties.put("quarkus.http.ssl-port", port));
    return new PropertiesConfigSource(properties, "HONE_TLS", ORDINAL);
  }

  private static Optional<String> value(ConfigSourceContext context, String name) {
    ConfigValue value = context.getValue(name);
    return Optional.ofNullable(value).map(ConfigValue::getValue).filter(text -> !text.isBlank());
  }
}
