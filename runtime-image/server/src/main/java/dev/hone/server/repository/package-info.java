/** The model repository's folders, their manifests and their digests. */
@NullMarked
package dev.hone.server.repository;

import org.jspecify.annotations.NullMarked;
