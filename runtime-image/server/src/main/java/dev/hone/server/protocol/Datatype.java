package dev.hone.server.protocol;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The tensor datatypes of the protocol. All but {@link #BF16} can travel as JSON. */
public enum Datatype {
  BOOL(1, Kind.BOOLEAN),
  UINT8(1, Kind.INTEGER),
  UINT16(2, Kind.INTEGER),
  UINT32(4, Kind.INTEGER),
  UINT64(8, Kind.INTEGER),
  INT8(1, Kind.INTEGER),
  INT16(2, Kind.INTEGER),
  INT32(4, Kind.INTEGER),
  INT64(8, Kind.INTEGER),
  FP16(2, Kind.FLOAT),
  FP32(4, Kind.FLOAT),
  FP64(8, Kind.FLOAT),
  /** The upper half of an FP32; it travels as raw bytes only. */
  BF16(2, Kind.FLOAT),
  BYTES(0, Kind.BYTES);

  /** What a datatype's values are. */
  public enum Kind {
    BOOLEAN,
    INTEGER,
    FLOAT,
    BYTES
  }

  private final int width;
  private final Kind kind;

  Datatype(int width, Kind kind) {
    this.width = width;
    this.kind = kind;
  }

  /** Bytes per element; 0 for {@link #BYTES}, whose elements differ. */
  public int width() {
    return width;
  }

  /** What the values are. */
  public Kind kind() {
    return kind;
  }

  /** The smallest integer that fits; only for integers. */
  long minimum() {
    return switch (this) {
      case INT8 -> Byte.MIN_VALUE;
      case INT16 -> Short.MIN_VALUE;
      case INT32 -> Integer.MIN_VALUE;
      case INT64 -> Long.MIN_VALUE;
      default -> 0;
    };
  }

  /** The largest integer that fits a signed long; only for integers. */
  long maximum() {
    return switch (this) {
      case INT8 -> Byte.MAX_VALUE;
      case INT16 -> Short.MAX_VALUE;
      case INT32 -> Integer.MAX_VALUE;
      case UINT8 -> 0xFF;
      case UINT16 -> 0xFFFF;
      case UINT32 -> 0xFFFF_FFFFL;
      default -> Long.MAX_VALUE;
    };
  }

  /**
   * Whether an integer of this datatype may have that value; of {@link #UINT64} any has its bits.
   */
  public boolean holds(long value) {
    return this == UINT64 || (value >= minimum() && value <= (this == BOOL ? 1 : maximum()));
  }

  /**
   * Reads a datatype's name as a request spells it.
   *
   * @param input whose datatype it is
   * @throws ProtocolException with status 400 if there is none of that name
   */
  public static Datatype parse(String input, String name) {
    for (Datatype datatype : values()) {
      if (datatype.name().equals(name)) {
        return datatype;
      }
    }
    throw ProtocolException.badRequest(
        "input '%s' has the unknown datatype '%s': write one of %s"
            .formatted(
                input,
                name,
                Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "))));
  }
}
