package dev.hone.server.repository;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the other files that an ONNX file takes its weights from. It follows the messages of <a
 * href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto">onnx.proto</a> that can hold a
 * tensor, by their field numbers, and skips everything else unread.
 */
final class ExternalData {
  private static final String LOCATION = "location";

  /** Far deeper than any graph within a graph, and shallow enough for the stack. */
  private static final int MAX_DEPTH = 200;

  private enum Message {
    MODEL,
    TRAINING_INFO,
    FUNCTION,
    GRAPH,
    NODE,
    ATTRIBUTE,
    SPARSE_TENSOR,
    TENSOR,
    ENTRY
  }

  private static final Map<Message, Map<Integer, Message>> FIELDS =
      Map.of(
          Message.MODEL,
          Map.of(7, Message.GRAPH, 20, Message.TRAINING_INFO, 25, Message.FUNCTION),
          Message.TRAINING_INFO,
          Map.of(1, Message.GRAPH, 2, Message.GRAPH),
          Message.FUNCTION,
          Map.of(7, Message.NODE, 11, Message.ATTRIBUTE),
          Message.GRAPH,
          Map.of(1, Message.NODE, 5, Message.TENSOR, 15, Message.SPARSE_TENSOR),
          Message.NODE,
          Map.of(5, Message.ATTRIBUTE),
          Message.ATTRIBUTE,
          Map.of(
              5, Message.TENSOR,
              6, Message.GRAPH,
              10, Message.TENSOR,
              11, Message.GRAPH,
              22, Message.SPARSE_TENSOR,
              23, Message.SPARSE_TENSOR),
          Message.SPARSE_TENSOR,
          Map.of(1, Message.TENSOR, 2, Message.TENSOR),
          Message.TENSOR,
          Map.of(13, Message.ENTRY));

  private final CodedInputStream in;
  private final Set<String> locations = new TreeSet<>();

  private ExternalData(CodedInputStream in) {
    this.in = in;
  }

  /**
   * The locations that tensors of an ONNX file name, as they stand there.
   *
   * @throws InvalidProtocolBufferException if it is no ONNX file
   */
  static Set<String> locations(Path model) throws IOException {
    try (InputStream file = Files.newInputStream(model)) {
      CodedInputStream in = CodedInputStream.newInstance(file);
      in.setSizeLimit(Integer.MAX_VALUE);
      ExternalData data = new ExternalData(in);
      data.read(Message.MODEL, 0);
      return data.locations;
    }
  }

  private void read(Message message, int depth) throws IOException {
    if (depth > MAX_DEPTH) {
      throw new InvalidProtocolBufferException("graphs within graphs, too deep");
    }
    if (message == Message.ENTRY) {
      readEntry();
      return;
    }
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      Message child = FIELDS.getOrDefault(message, Map.of()).get(WireFormat.getTagFieldNumber(tag));
      if (child == null || WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
        in.skipField(tag);
        continue;
      }
      int outer = in.pushLimit(in.readRawVarint32());
      read(child, depth + 1);
      in.checkLastTagWas(0);
      in.popLimit(outer);
    }
  }

  /** A StringStringEntryProto: key 1, value 2. */
  private void readEntry() throws IOException {
    String key = "";
    String value = "";
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> key = in.readString();
        case 2 -> value = in.readString();
        default -> in.skipField(tag);
      }
    }
    if (key.equals(LOCATION)) {
      locations.add(value);
    }
  }
}
