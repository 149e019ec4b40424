package dev.hone.server.config;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The server's settings; each is an environment variable, such as HONE_MAX_BATCH. */
@ConfigMapping(prefix = "hone")
public interface ServerConfig {
  /** The folder that holds {@code <model>/<version>/}. */
  @WithDefault("/models")
  Path modelRepository();

  /** The digest that the only model in the repository must have. */
  Optional<String> modelDigest();

  /** The folder of the engines to load in place of models, each under its key. */
  Optional<Path> engines();

  /** The most rows in one run, and in one request. */
  @WithDefault("16")
  int maxBatch();

  /** The longest predicted wait in the queue; a request that would wait longer is answered 503. */
  @WithDefault("1000")
  int maxWaitMillis();

  /** The lengths that inputs are filled up to; without it, as long as the longest of a run. */
  Optional<List<Integer>> sequenceLengths();

  /** The most requests of one model that wait, which bounds the memory that they hold. */
  @WithDefault("256")
  int maxQueue();

  /** The threads of one run; without it, as many as the container has CPUs. */
  OptionalInt intraOpThreads();

  /** Whether clients may load and unload models. */
  @WithDefault("false")
  boolean modelControl();

  /** What may compute, best first: TensorRT, CUDA, CPU. */
  @WithDefault("TensorRT,CUDA,CPU")
  List<String> providers();

  /** Whether to stay unready instead of running on the CPU. */
  @WithDefault("false")
  boolean requireAccelerator();

  /** The largest request body. */
  @WithDefault("32M")
  MemorySize maxBody();

  /** The largest size that a compressed body may unpack to; without it, that of a plain one. */
  Optional<MemorySize> maxUnpacked();

  /** The most pixels of an encoded image, which are told before they are decoded. */
  @WithDefault("25000000")
  long maxImagePixels();

  /** How deep a JSON body may nest. */
  @WithDefault("24")
  int maxJsonDepth();

  /** The largest header of a request, or metadata of a gRPC call; up to 64 KiB. */
  @WithDefault("16K")
  MemorySize maxHeader();

  /** The most connections to the HTTP port that may ask something, and to the gRPC port. */
  @WithDefault("1024")
  int maxConnections();

  /** The port of gRPC; 0 takes a free one. */
  @WithDefault("8001")
  int grpcPort();

  /**
   * The age in seconds, give or take a tenth, at which a gRPC connection is told to go once its
   * calls are answered, so that clients of a Service come to new pods as well; 0 lets it be.
   */
  @WithDefault("300")
  int grpcMaxConnectionAgeSeconds();

  /**
   * The folder with tls.crt and tls.key, and ca.crt where clients show a certificate, by which the
   * ports of the protocol speak TLS.
   */
  Optional<Path> tls();

  /** Whether clients show a certificate. */
  @WithDefault("none")
  ClientAuth tlsClientAuth();

  /**
   * The DNS name that clients' certificates must be for, where their authority signs for others
   * too; without it any of that authority will do.
   */
  Optional<String> tlsClientName();

  /** The file with the keys that clients may show, one on each line; without it they need none. */
  Optional<Path> apiKeyFile();

  /** How long the server goes on serving after SIGTERM, so that routes to it can be taken away. */
  @WithDefault("5")
  int drainSeconds();

  /** Where the reason of a failed start is written. */
  @WithDefault("/dev/termination-log")
  Path terminationLog();
}
