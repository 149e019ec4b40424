package dev.hone.api.inference;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import dev.hone.api.common.SecretKey;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Where the traces of requests go. */
@ApiType
@ValidationRule(
    value =
        "(has(self.protocol) && self.protocol == 'HTTPProtobuf')"
            + " || !self.endpoint.matches('^https?://')"
            + " || self.endpoint.matches('^https?://[^/]+:[0-9]{1,5}/?$')",
    message =
        "gRPC goes to a host and a port: write endpoint: http://HOST:4317, or protocol:"
            + " HTTPProtobuf")
public record Tracing(
    @Required
        @Size(min = 8, max = 2048)
        @ValidationRule(
            value = "self.matches('^https?://[^/?# ,]+(/[^?# ,]*)?$')",
            message =
                "write the collector's address: http://HOST:4317 for gRPC, http://HOST:4318 for"
                    + " HTTPProtobuf, or https://…")
        @JsonPropertyDescription(
            "Address of a collector that takes OpenTelemetry's protocol (OTLP), such as"
                + " http://collector.observability:4317. With protocol: HTTPProtobuf the traces go"
                + " to /v1/traces below it.")
        String endpoint,
    @JsonPropertyDescription(
            "What the collector speaks there: GRPC or HTTPProtobuf (default: GRPC).")
        @Nullable Protocol protocol,
    @Min(0)
        @Max(1)
        @JsonPropertyDescription(
            "Share of the requests that are traced (default: 0.1). A request that is part of a"
                + " caller's trace (the header traceparent) is traced if the caller's is.")
        @Nullable Double sampleRatio,
    @JsonPropertyDescription(
            "Key of a Secret of the same namespace with the headers that the collector asks for,"
                + " as NAME=VALUE,NAME=VALUE. The pods read it as they start.")
        @Nullable SecretKey headersSecretRef) {

  /** One request in ten shows where time goes; all of them would cost each of them something. */
  private static final double DEFAULT_RATIO = 0.1;

  /** The share of the requests that are traced. */
  public double ratio() {
    return Objects.requireNonNullElse(sampleRatio, DEFAULT_RATIO);
  }

  /** Whether the collector speaks HTTP without gRPC. */
  public boolean overPlainHttp() {
    return protocol == Protocol.HTTP_PROTOBUF;
  }

  /** What a collector speaks. */
  public enum Protocol {
    @JsonProperty("GRPC")
    GRPC,
    @JsonProperty("HTTPProtobuf")
    HTTP_PROTOBUF
  }
}
