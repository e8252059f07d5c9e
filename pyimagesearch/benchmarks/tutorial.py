"""The tutorial's records, loader and GAN step, with which the benchmarks compare ours.

The step has the tutorial's networks and losses, runs the generator twice and computes in float32. BatchNorm is in
training mode, as on our side; in the tutorial it was not, which is faster and wrong.
"""

from collections.abc import Iterable

import keras
import tensorflow as tf

from pyimagesearch import losses
from pyimagesearch.config import TrainConfig
from pyimagesearch.data.pairs import Pair


class TutorialTraining:
    """The discriminator's update, then the generator's, which runs the generator a second time."""

    def __init__(self, config: TrainConfig, generator, discriminator, vgg, optimizer, discriminator_optimizer):
        self.config, self.generator, self.discriminator, self.vgg = config, generator, discriminator, vgg
        self.optimizer: keras.Optimizer = optimizer
        self.discriminator_optimizer: keras.Optimizer = discriminator_optimizer

    def train_step(self, lr: tf.Tensor, hr: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step on uint8 lr (B, h, w, 3) and hr (B, 4h, 4w, 3)."""
        lr, hr = tf.cast(lr, tf.float32), tf.cast(hr, tf.float32)
        pictures = tf.concat([self.generator(lr, training=True), hr], axis=0)
        with tf.GradientTape() as tape:
            fake, real = tf.split(self.discriminator(pictures, training=True), 2)
            discriminator_loss = (
                losses.adversarial_loss(fake, real=False) + losses.adversarial_loss(real, real=True)
            ) / 2
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(discriminator_loss, variables), variables)
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            sr = self.generator(lr, training=True)
            adversarial = losses.adversarial_loss(self.discriminator(sr, training=True), real=True)
            content = losses.content_loss(
                self.vgg(sr), self.vgg(hr), self.config.finetune.content_layers, self.config.finetune.content_scale
            )
            loss = content + self.config.finetune.losses["adversarial"] * adversarial
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss, "discriminator_loss": discriminator_loss}


def write_tutorial_records(pairs: Iterable[Pair], path: str) -> None:
    """Write whole pictures as serialized tensors into one shard; the tutorial puts 256 into each."""
    with tf.io.TFRecordWriter(path) as writer:
        for pair in pairs:
            example = tf.train.Example()
            for name, picture in (("lr", pair.lr), ("hr", pair.hr)):
                example.features.feature[name].bytes_list.value.append(tf.io.serialize_tensor(picture).numpy())
            writer.write(example.SerializeToString())


def tutorial_batches(path: str, batch: int) -> tf.data.Dataset:
    """The tutorial's loader: for every crop of 96 it reads and parses a whole picture."""
    autotune = tf.data.AUTOTUNE
    dataset = tf.data.TFRecordDataset([path], num_parallel_reads=autotune).map(_tutorial_crop, autotune)
    # Repeated before it is batched: the tutorial's order would end with a small batch after so few pictures.
    return dataset.repeat().shuffle(batch).batch(batch).prefetch(autotune)


def _tutorial_crop(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    features = {name: tf.io.FixedLenFeature([], tf.string) for name in ("lr", "hr")}
    example = tf.io.parse_single_example(record, features)
    lr, hr = (tf.io.parse_tensor(example[name], tf.uint8) for name in ("lr", "hr"))
    top, left = (tf.random.uniform([], 0, tf.shape(lr)[axis] - 24 + 1, tf.int32) for axis in (0, 1))
    lr = tf.slice(lr, [top, left, 0], [24, 24, 3])
    hr = tf.slice(hr, [4 * top, 4 * left, 0], [96, 96, 3])
    flip, turns = tf.random.uniform([]) < 0.5, tf.random.uniform([], 0, 4, tf.int32)
    mirror = tf.image.flip_left_right
    lr, hr = tf.cond(flip, lambda: (mirror(lr), mirror(hr)), lambda: (lr, hr))
    lr, hr = tf.image.rot90(lr, turns), tf.image.rot90(hr, turns)
    return tf.reshape(lr, [24, 24, 3]), tf.reshape(hr, [96, 96, 3])
