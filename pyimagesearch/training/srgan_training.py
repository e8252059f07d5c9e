"""The training step of each phase, as a keras.Model.

`step(lr, hr)` is what the trainer's driver runs in every replica. It takes uint8 lr (b, h, w, 3) and hr
(b, scale*h, scale*w, 3) and updates the networks. Its values are float32 scalars that are already divided by the number
of replicas: their sum over replicas is the mean over the global batch. `optimizer.apply` sums gradients over replicas,
so losses are divided before the gradient is taken. `train_step(data)` is the same step for `fit`, on one device or
under MirroredStrategy.
"""

from dataclasses import dataclass, field

import keras
import tensorflow as tf

from pyimagesearch import losses
from pyimagesearch.config import TrainConfig
from pyimagesearch.evaluation import metrics
from pyimagesearch.models import GENERATORS

Scalars = dict[str, tf.Tensor]


@dataclass(frozen=True)
class StepValues:
    """What a step measured, by name. All of it may be averaged over steps and replicas."""

    losses: Scalars  # shown in the progress bar; a run stops where one is not finite
    measures: Scalars = field(default_factory=dict)

    def all(self) -> Scalars:
        return {**self.losses, **self.measures}


class Training(keras.Model):
    """A phase's networks, compiled with their optimizers; subclasses define `step`."""

    def __init__(self, config: TrainConfig, generator: keras.Model):
        super().__init__()
        self.config = config
        self.generator = generator
        self.built = True  # the networks are; there is no `call`

    def compile(self, optimizer: keras.Optimizer) -> None:
        """Set the generator's optimizer."""
        # XLA gives other bits, and cannot compile what replicas do together.
        super().compile(optimizer=optimizer, jit_compile=False, auto_scale_loss=False)
        _build(optimizer, self.generator)

    def step(self, lr: tf.Tensor, hr: tf.Tensor) -> StepValues:
        """Update the networks on a replica's part of the global batch."""
        raise NotImplementedError

    @property
    def metrics(self) -> list[keras.Metric]:
        """None of Keras': with its own mean of "loss", `fit` would show 0 instead of what train_step returns."""
        return []

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> Scalars:
        """One step on (lr, hr) for `fit`, which takes the mean over replicas and shows an epoch's last step."""
        return {name: value * self.replicas for name, value in self.step(*data).all().items()}

    @property
    def replicas(self) -> int:
        return tf.distribute.get_strategy().num_replicas_in_sync


class PretrainTraining(Training):
    """Phase 1: the generator against a pixel loss.

    Example:
        training = PretrainTraining(config, build_generator(config))
        training.compile(keras.optimizers.Adam(1e-4))
        training.fit(open_records("tfrecord", crop=96, batch=16), steps_per_epoch=1000)
    """

    def step(self, lr: tf.Tensor, hr: tf.Tensor) -> StepValues:
        """One update of the generator."""
        lr, hr = tf.cast(lr, tf.float32), tf.cast(hr, tf.float32)
        border = GENERATORS[self.config.network.name].label_border(self.config.network.scale)
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            sr = self.generator(lr, training=True)
            target = losses.sharpened(hr) if self.config.pretrain.sharpen else hr
            loss = losses.pixel_loss(self.config.pretrain.loss, sr, target, border) / self.replicas
            scaled = self.optimizer.scale_loss(loss)
        _apply(self.optimizer, tape.gradient(scaled, variables), variables, self.replicas)
        return StepValues({"loss": loss})


class SRGANTraining(Training):
    """Phase 2: generator and discriminator against each other (Ledig et al., CVPR 2017, section 2.2).

    vgg: an extractor of models.build_vgg for config.finetune.content_layers.

    Example:
        training = SRGANTraining(config, build_generator(config), build_discriminator(config), vgg)
        training.compile(keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4))
        training.fit(open_records("tfrecord", crop=96, batch=16), steps_per_epoch=1000)
    """

    def __init__(self, config: TrainConfig, generator: keras.Model, discriminator: keras.Model, vgg: keras.Model):
        super().__init__(config, generator)
        self.discriminator = discriminator
        self.vgg = vgg

    def compile(  # type: ignore[override]
        self, optimizer: keras.Optimizer, discriminator_optimizer: keras.Optimizer
    ) -> None:
        """Set both optimizers."""
        super().compile(optimizer)
        self.discriminator_optimizer = discriminator_optimizer
        _build(discriminator_optimizer, self.discriminator)

    def step(self, lr: tf.Tensor, hr: tf.Tensor) -> StepValues:
        """The discriminator's update on fakes and reals, then the generator's against that discriminator."""
        lr, hr = tf.cast(lr, tf.float32), tf.cast(hr, tf.float32)
        weights = {name: weight for name, weight in self.config.finetune.losses.items() if weight}
        variables = self.generator.trainable_variables
        with tf.GradientTape() as generator_tape:
            sr = self.generator(lr, training=True)  # the only forward pass of the generator
        judged = self.train_discriminator(sr, hr)
        target = losses.sharpened(hr) if self.config.finetune.sharpen else hr
        seen = losses.GeneratorStep(
            lr, sr, hr, target, self.config.network.scale, self.config.finetune, self._features, self._judge
        )
        with tf.GradientTape(persistent=True) as loss_tape:
            loss_tape.watch(sr)
            values = {name: losses.GENERATOR_LOSSES[name](seen) / self.replicas for name in weights}
            weighted = {name: weights[name] * value for name, value in values.items()}
            scaled = {name: self.optimizer.scale_loss(value) for name, value in weighted.items()}
        # The chain rule by hand: how each loss wants the picture to change, then the weights that draw it. One by one
        # costs no more than at once, since the losses look at the picture through different networks.
        pulls = {name: loss_tape.gradient(value, sr) for name, value in scaled.items()}
        gradients = generator_tape.gradient(sr, variables, output_gradients=tf.add_n(list(pulls.values())))
        _apply(self.optimizer, gradients, variables, self.replicas)
        loss_values = {"loss": tf.add_n(list(weighted.values()))}
        loss_values |= {f"{name}_loss": value for name, value in values.items()}
        return StepValues(
            {**loss_values, **judged.losses},
            {**judged.measures, **self._adversarial_part(pulls), **self._consistency(sr, lr)},
        )

    def _consistency(self, sr: tf.Tensor, lr: tf.Tensor) -> Scalars:
        """How near the downscaled SR is to LR, which is no aim where LR is damaged."""
        if self.config.data.degradations:
            return {}
        consistency = tf.reduce_mean(metrics.lr_consistency(sr, lr, self.config.network.scale))
        return {"lr_consistency_db": consistency / self.replicas}

    def train_discriminator(self, sr: tf.Tensor, hr: tf.Tensor) -> StepValues:
        """Update the discriminator on fakes and reals, (b, H, W, 3) float32 in [0, 255]."""
        variables = self.discriminator.trainable_variables
        criterion = losses.GAN_LOSSES[self.config.finetune.discriminator_loss]
        with tf.GradientTape() as tape:
            if self.config.finetune.concatenate_batches:
                fake, real = tf.split(self.discriminator(tf.concat([sr, hr], 0), training=True), 2)
            else:
                fake, real = self.discriminator(sr, training=True), self.discriminator(hr, training=True)
            loss = criterion.discriminator(fake, real) / self.replicas
            scaled = self.discriminator_optimizer.scale_loss(loss)
        _apply(self.discriminator_optimizer, tape.gradient(scaled, variables), variables, self.replicas)
        fake, real = criterion.decisions(fake, real)
        accuracies = {
            "accuracy_real": tf.reduce_mean(tf.cast(real > 0, tf.float32)) / self.replicas,
            "accuracy_fake": tf.reduce_mean(tf.cast(fake <= 0, tf.float32)) / self.replicas,
        }
        return StepValues({"discriminator_loss": loss}, accuracies)

    def _adversarial_part(self, pulls: Scalars) -> Scalars:
        """The size of the adversarial gradient over that of the content gradient, and over the sum of all sizes."""
        if not {"adversarial", "content"} <= set(pulls):
            return {}
        sizes = {name: _norms(pull) for name, pull in pulls.items()}
        ratio = tf.math.divide_no_nan(sizes["adversarial"], sizes["content"])
        share = tf.math.divide_no_nan(sizes["adversarial"], tf.add_n(list(sizes.values())))
        return {"gradient_ratio": self._finite_mean(ratio), "adversarial_share": self._finite_mean(share)}

    def _finite_mean(self, values: tf.Tensor) -> tf.Tensor:
        """The mean (B,) -> (), in which what overflowed in float16 counts as 0."""
        return tf.reduce_mean(tf.where(tf.math.is_finite(values), values, 0.0)) / self.replicas

    def _features(self, pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.vgg(pictures, training=False)

    def _judge(self, pictures: tf.Tensor) -> tf.Tensor:
        """The discriminator's logits with the statistics of this batch, leaving its moving averages alone."""
        model = self.discriminator
        trainable = [variable.value for variable in model.trainable_variables]
        state = [variable.value for variable in model.non_trainable_variables]
        logits, _ = model.stateless_call(trainable, state, pictures, training=True)
        return logits


def _build(optimizer: keras.Optimizer, model: keras.Model) -> None:
    """Make the optimizer's variables now: inside a tf.function it would fail."""
    if not optimizer.built:
        optimizer.build(model.trainable_variables)


def _norms(gradient: tf.Tensor) -> tf.Tensor:
    """(B, H, W, 3) -> (B,)."""
    return tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3)))


def _apply(optimizer: keras.Optimizer, gradients: list[tf.Tensor], variables: list, replicas: int) -> None:
    """Update `variables` with the sum of the replicas' gradients."""
    if replicas > 1 and isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        # It skips a step where the first replica's gradients are not finite. So all replicas have to see the sum, of
        # which each then gives its part.
        total = tf.distribute.get_replica_context().all_reduce("SUM", gradients)
        gradients = [gradient / replicas for gradient in total]
    optimizer.apply(gradients, variables)
