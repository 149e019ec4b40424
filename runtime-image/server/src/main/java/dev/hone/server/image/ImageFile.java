package dev.hone.server.image;

/** An encoded image whose header was read and whose pixels were not. */
sealed interface ImageFile permits JpegFile, PngFile {
  /** In pixels, as stored. */
  int width();

  /** In pixels, as stored. */
  int height();

  /** How many bytes each of its pixels takes at most while it is decoded. */
  int bytesPerPixel();

  /**
   * Its pixels, upright.
   *
   * @param channels 1 for gray, 3 for RGB
   * @throws BadImageException if it is damaged
   */
  Pixels decode(int channels) throws BadImageException;
}
