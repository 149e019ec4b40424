package dev.hone.server.triton;

import dev.hone.server.backend.Signature;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What Triton is told of a model.
 *
 * @param name its name, which is that of its folder
 * @param signature what it takes and gives
 * @param file its ONNX file, relative to the folder of its version
 * @param plans TensorRT's plans of it by CUDA compute capability, relative to the same folder; none
 *     for the ONNX file itself
 * @param digest digest of the artifact
 * @param labels names of its classes
 * @param maxLength the longest input in tokens, for text
 */
public record TritonModel(
    String name,
    Signature signature,
    String file,
    SortedMap<String, String> plans,
    Optional<String> digest,
    List<String> labels,
    Optional<Integer> maxLength) {

  public TritonModel {
    plans = Collections.unmodifiableSortedMap(new TreeMap<>(plans));
    labels = List.copyOf(labels);
  }
}
