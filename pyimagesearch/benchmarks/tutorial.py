"""The tutorial's GAN step, for comparison: its networks and losses, the generator run twice, float32.

BatchNorm is in training mode, as on our side; the tutorial left it out of training mode, which is faster and wrong.
"""

import keras
import tensorflow as tf

from pyimagesearch import losses
from pyimagesearch.config import TrainConfig


class TutorialTraining:
    """The discriminator's update, then the generator's with a forward pass of its own."""

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
            content = losses.content_loss(self.vgg(sr), self.vgg(hr), self.config.content_scale)
            loss = content + self.config.adversarial_weight * adversarial
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss, "discriminator_loss": discriminator_loss}
