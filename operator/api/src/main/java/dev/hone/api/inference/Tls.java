package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** The certificate that a model is served with. */
@ApiType
public record Tls(
    @Required
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        @JsonPropertyDescription(
            "Name of a Secret of the type kubernetes.io/tls in the same namespace: its tls.crt and"
                + " tls.key are what the server shows, and with clientAuth: Required its ca.crt is"
                + " the authority of the clients' certificates. What changes in it is used without"
                + " a restart.")
        String secretName,
    @JsonPropertyDescription(
            "Whether clients must show a certificate that the authority in ca.crt has signed"
                + " (default: None).")
        @Nullable ClientAuth clientAuth) {

  /** Whether clients must show a certificate. */
  public boolean requiresClientCertificate() {
    return clientAuth == ClientAuth.REQUIRED;
  }

  /** What is asked of clients. */
  public enum ClientAuth {
    @JsonProperty("None")
    NONE,
    @JsonProperty("Required")
    REQUIRED
  }
}
