package dev.hone.server.lifecycle;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.backend.Signature;
import dev.hone.server.image.DecodeMemory;
import dev.hone.server.image.Filter;
import dev.hone.server.image.ImageEncoder;
import dev.hone.server.image.ImageSpec;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.repository.Artifact;
import dev.hone.server.repository.Manifest;
import dev.hone.server.repository.RepositoryException;
import dev.hone.server.serving.ImageInput;
import dev.hone.server.serving.Preprocessor;
import dev.hone.server.serving.TextInput;
import dev.hone.server.text.PadToken;
import dev.hone.server.text.TextEncoder;
import dev.hone.server.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Makes what turns texts or images into a model's tensors, as its artifact says. */
final class Preprocessors {
  private static final int DEFAULT_MAX_LENGTH = 512;

  /** The part of the heap in which images are decoded; the rest is for requests and answers. */
  private static final int DECODING_SHARE = 3;

  private final ObjectMapper json;
  private final long maxImagePixels;
  private final DecodeMemory decoding =
      new DecodeMemory(Runtime.getRuntime().maxMemory() / DECODING_SHARE);

  Preprocessors(ObjectMapper json, long maxImagePixels) {
    this.json = json;
    this.maxImagePixels = maxImagePixels;
  }

  /** The one of an artifact that has something to make its tensors of. */
  Optional<Preprocessor> of(Artifact artifact, Signature signature) throws RepositoryException {
    Optional<Preprocessor> image = image(artifact, signature);
    return image.isPresent() ? image : text(artifact, signature);
  }

  private Optional<Preprocessor> image(Artifact artifact, Signature signature)
      throws RepositoryException {
    Manifest.@Nullable Image image = artifact.task().map(Manifest.Task::image).orElse(null);
    if (image == null) {
      return Optional.empty();
    }
    ImageSpec spec;
    try {
      spec = spec(image);
    } catch (IllegalArgumentException e) {
      throw ModelLoader.invalid(artifact, "its manifest tells no input: " + e.getMessage(), e);
    }
    List<TensorMetadata> inputs = signature.inputs();
    if (inputs.size() != 1 || !ImageEncoder.supports(inputs.getFirst(), spec)) {
      throw ModelLoader.invalid(
          artifact,
          "its manifest makes one FP32 input [-1, %d, %d, %d] of an image, but it takes %s"
              .formatted(
                  spec.channels(),
                  spec.height(),
                  spec.width(),
                  inputs.stream()
                      .map(
                          input ->
                              "%s %s %s".formatted(input.name(), input.datatype(), input.shape()))
                      .collect(Collectors.joining(", "))),
          null);
    }
    return Optional.of(
        new ImageInput(new ImageEncoder(spec, inputs.getFirst(), maxImagePixels, decoding)));
  }

  private static ImageSpec spec(Manifest.Image image) {
    @Nullable String resample = image.resample();
    @Nullable List<Double> mean = image.mean();
    @Nullable List<Double> std = image.std();
    if (resample == null || mean == null || std == null) {
      throw new IllegalArgumentException("task.image needs resample, mean and std");
    }
    return new ImageSpec(
        image.height(),
        image.width(),
        image.channels(),
        image.resizeShortestEdge() == null
            ? OptionalInt.empty()
            : OptionalInt.of(image.resizeShortestEdge()),
        Filter.named(resample),
        image.rescaleFactor(),
        mean,
        std);
  }

  private Optional<Preprocessor> text(Artifact artifact, Signature signature)
      throws RepositoryException {
    Optional<Path> file = artifact.tokenizer();
    Optional<Manifest.Task> task = artifact.task();
    if (file.isEmpty() || task.isEmpty() || !task.get().type().startsWith("Text")) {
      return Optional.empty();
    }
    Optional<TensorMetadata> odd = TextEncoder.unsupported(signature.inputs());
    if (odd.isPresent()) {
      throw ModelLoader.invalid(
          artifact,
          "its task is %s, but its input '%s' is no token ids (input_ids, attention_mask or token_type_ids of INT64 or INT32 with shape [-1, -1])"
              .formatted(task.get().type(), odd.get().name()),
          null);
    }
    Integer maxLength = task.get().maxLength();
    try {
      return Optional.of(
          new TextInput(
              new TextEncoder(
                  TextTokenizer.load(
                      file.get(), maxLength == null ? DEFAULT_MAX_LENGTH : maxLength),
                  signature.inputs(),
                  new PadToken(json).find(file.get(), artifact.config()))));
    } catch (IOException | RuntimeException e) {
      throw ModelLoader.invalid(
          artifact, "its tokenizer.json cannot be read: " + e.getMessage(), e);
    }
  }
}
