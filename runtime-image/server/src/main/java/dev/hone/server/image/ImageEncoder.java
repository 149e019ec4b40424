package dev.hone.server.image;

import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.protocol.TensorMetadata;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Turns encoded images into the input of an image model. */
public final class ImageEncoder {
  /** More than JPEG can tell; it bounds what the filters' weights take. */
  private static final int MAX_SIDE = 65_535;

  private static final int SAMPLE_SIDE = 256;

  private final ImageSpec spec;
  private final TensorMetadata input;
  private final long maxPixels;
  private final DecodeMemory memory;
  private final float[][] levels;

  /**
   * Makes an encoder for a model with that input, which {@link #supports} accepts.
   *
   * @param maxPixels the most pixels of one image
   * @param memory what all images take while they are decoded
   */
  public ImageEncoder(ImageSpec spec, TensorMetadata input, long maxPixels, DecodeMemory memory) {
    this.spec = spec;
    this.input = input;
    this.maxPixels = maxPixels;
    this.memory = memory;
    this.levels = levels(spec);
  }

  /** Whether a model's input is what the specification makes. */
  public static boolean supports(TensorMetadata input, ImageSpec spec) {
    return input.datatype() == Datatype.FP32
        && input
            .shape()
            .accepts(
                Shape.of(
                    input.shape().rank() == 4 ? input.shape().dim(0) : 1,
                    spec.channels(),
                    spec.height(),
                    spec.width()));
  }

  /** What each of the 256 values of a channel becomes, in the steps and widths of Transformers. */
  private static float[][] levels(ImageSpec spec) {
    float[][] levels = new float[spec.channels()][256];
    for (int channel = 0; channel < spec.channels(); channel++) {
      float mean = spec.mean().get(channel).floatValue();
      float std = spec.std().get(channel).floatValue();
      for (int value = 0; value < 256; value++) {
        levels[channel][value] = ((float) (value * spec.rescaleFactor()) - mean) / std;
      }
    }
    return levels;
  }

  /**
   * The model's input for those images, each a PNG or JPEG file, or one in base64: no file begins
   * as its own base64 does.
   *
   * @throws ProtocolException with status 400 and the first element that is none
   */
  public Map<String, Tensor> encode(BytesTensor images) {
    int count = images.values().size();
    int each = spec.channels() * spec.height() * spec.width();
    ByteBuffer data = NumericTensor.allocate(Datatype.FP32, Math.multiplyExact(count, each));
    for (int index = 0; index < count; index++) {
      try {
        encode(images.values().get(index), data, index * each);
      } catch (BadImageException e) {
        throw ProtocolException.badRequest(
            "element %d of input '%s' %s".formatted(index, images.name(), e.clause()));
      }
    }
    Shape shape = Shape.of(count, spec.channels(), spec.height(), spec.width());
    return Map.of(input.name(), new NumericTensor(input.name(), Datatype.FP32, shape, data));
  }

  private void encode(byte[] element, ByteBuffer data, int from) throws BadImageException {
    ImageFile file = open(element);
    try (DecodeMemory.Share _ = memory.take(required(file))) {
      Pixels ready = resized(file.decode(spec.channels()));
      int area = spec.height() * spec.width();
      for (int pixel = 0; pixel < area; pixel++) {
        for (int channel = 0; channel < spec.channels(); channel++) {
          data.putFloat(
              (from + channel * area + pixel) * Float.BYTES,
              levels[channel][ready.data()[pixel * spec.channels() + channel] & 0xFF]);
        }
      }
    }
  }

  /** Images of each format that is read, to warm up with. */
  public List<byte[]> samples() {
    return SampleImages.of(Math.clamp((long) Math.sqrt(maxPixels), 1, SAMPLE_SIDE));
  }

  private static ImageFile open(byte[] element) throws BadImageException {
    if (PngFile.begins(element)) {
      return PngFile.read(element);
    }
    if (JpegFile.begins(element)) {
      return JpegFile.read(element);
    }
    byte[] decoded;
    try {
      decoded = Base64.getDecoder().decode(element);
    } catch (IllegalArgumentException e) {
      decoded = new byte[0];
    }
    if (PngFile.begins(decoded)) {
      return PngFile.read(decoded);
    }
    if (JpegFile.begins(decoded)) {
      return JpegFile.read(decoded);
    }
    throw new BadImageException(
        "is neither a PNG nor a JPEG file: send the file's own bytes, or its base64 where the data is JSON");
  }

  /** How many bytes decoding it takes, once that is known to be within all limits. */
  private long required(ImageFile file) throws BadImageException {
    int width = file.width();
    int height = file.height();
    if (width < 1 || height < 1) {
      throw new BadImageException("is damaged: it says that it has no pixels");
    }
    long pixels = (long) width * height;
    if (pixels > maxPixels || width > MAX_SIDE || height > MAX_SIDE) {
      throw new BadImageException(
          "has %d x %d pixels, but at most %d, and %d to a side, are decoded: send a smaller one, or raise HONE_MAX_IMAGE_PIXELS"
              .formatted(width, height, maxPixels, MAX_SIDE));
    }
    long bytes = pixels * file.bytesPerPixel();
    if (!memory.holds(bytes)) {
      throw new BadImageException(
          "has %d x %d pixels, which take %d bytes to decode, and this server has %d for that: send a smaller one, or give the server more memory"
              .formatted(width, height, bytes, memory.size()));
    }
    return bytes;
  }

  private Pixels resized(Pixels image) {
    Resizer resizer = new Resizer(spec.filter());
    if (spec.shortestEdge().isEmpty()) {
      return resizer.resize(
          image, Resizer.Axis.whole(spec.width()), Resizer.Axis.whole(spec.height()));
    }
    long edge = spec.shortestEdge().getAsInt();
    int shorter = Math.min(image.width(), image.height());
    return resizer.resize(
        image,
        Resizer.Axis.middle(edge * image.width() / shorter, spec.width()),
        Resizer.Axis.middle(edge * image.height() / shorter, spec.height()));
  }
}
