package dev.hone.server.serving;

import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.protocol.TensorMetadata;
import java.util.Map;

/** What makes a model's tensors of an input that people have at hand. */
public sealed interface Preprocessor extends AutoCloseable permits TextInput, ImageInput {
  /** The name of the input that stands for all of the model's tensors. */
  String input();

  /** What one element of it is, for sentences. */
  String element();

  /** The input as metadata describes it: BYTES, one element for each row. */
  default TensorMetadata metadata() {
    return new TensorMetadata(input(), Datatype.BYTES, Shape.of(Shape.ANY));
  }

  /**
   * Whether a few bytes may take long, so that whoever must answer others at once has it done
   * elsewhere.
   */
  boolean slow();

  /**
   * The model's tensors for those elements.
   *
   * @throws ProtocolException with status 400 if one of them is none
   */
  Map<String, Tensor> encode(BytesTensor elements);

  @Override
  default void close() {}
}
